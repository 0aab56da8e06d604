import { inTime, type OrganizationId } from '@attune/kernel';
import type { Admission } from '@attune/http';
import { limitState, type LimitState } from './limit';
import { PermitPool, type Permit } from './permit-pool';
import type { PermitDemand, PermitGrant, PermitsRepository, UnusedPermits } from './permits.repository';
import type { RequestKind, RequestRules } from './request-policy';

/** The request may not pass: `by` is the limit, `states` are all that it would have counted in. */
export class RequestRefused extends Error {
  constructor(
    readonly states: readonly LimitState[],
    readonly by: LimitState,
    readonly waitMs: number,
  ) {
    super(by.policy);
  }
}

interface Waiter {
  kind: RequestKind;
  resolve(admission: Admission): void;
  reject(reason: unknown): void;
}

/** Nobody knows when an open request ends; its successor asks again this much later. */
const SLOT_WAIT_MS = 1000;
/** Longer than a healthy answer takes by far. Waiting requests then go by their own rules (see RequestLimiterService). */
const ANSWER_MS = 5000;
/** Below this many slots an instance keeps none that it does not need: others may. */
const SMALL_SLOT_QUOTA = 32;
/** Slots of an instance that says nothing for 30 s are given to others. */
const RENEW_EVERY_MS = 10_000;

/** Where this gate keeps its part of the count, and its clock: monotonic milliseconds. */
export interface GateSurroundings {
  permits: Pick<PermitsRepository, 'take' | 'settle'>;
  instance: string;
  now(): number;
}

/**
 * One organization's requests in this process. Most are let in by a permit that is here already; the others wait together for one
 * statement. The count itself is the database's: this process never lets in more than it was granted.
 */
export class OrganizationGate {
  private pools: Record<RequestKind, PermitPool>;
  private readonly waiting: Waiter[] = [];
  private readonly unused: UnusedPermits[] = [];
  private open = 0;
  private slots = 0;
  private others = 0;
  private mostOpen = 0;
  private renewedAt = 0;
  private serving = false;
  private settleWanted = false;
  private usedAt: number;

  constructor(
    private readonly organizationId: OrganizationId,
    private rules: RequestRules,
    private readonly at: GateSurroundings,
  ) {
    this.pools = poolsOf(rules);
    this.usedAt = at.now();
  }

  /** Throws RequestRefused, or what asking the database failed with. */
  admit(kind: RequestKind, rules: RequestRules): Admission | Promise<Admission> {
    this.follow(rules);
    this.usedAt = this.at.now();
    if (this.waiting.length === 0) {
      const refusal = this.pools[kind].refusal(this.usedAt);
      if (refusal) throw new RequestRefused(refusal.states, refusal.by, refusal.waitMs);
      if (this.hasSlot()) {
        const permit = this.pools[kind].take(this.usedAt);
        if (permit) return this.enter(kind, permit);
      }
    }
    const admission = new Promise<Admission>((resolve, reject) => this.waiting.push({ kind, resolve, reject }));
    void this.serve();
    return admission;
  }

  /** Once a second: gives back what was not used, keeps slots of long requests, and says whether the gate is of use still. */
  async tick(idleMs: number): Promise<boolean> {
    if (this.slots > 0 && this.at.now() - this.renewedAt > RENEW_EVERY_MS) this.settleWanted = true;
    if (this.slots > Math.max(this.open, this.mostOpen)) this.settleWanted = true;
    await this.serve();
    this.mostOpen = this.open;
    return this.open > 0 || this.slots > 0 || this.at.now() - this.usedAt < idleMs;
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    this.unused.push(...Object.values(this.pools).flatMap((pool) => pool.close()));
    this.mostOpen = 0;
    this.settleWanted = true;
    await this.serve();
  }

  /** A changed plan counts from the next request on. */
  private follow(rules: RequestRules): void {
    if (rules.revision === this.rules.revision) return;
    this.unused.push(...Object.values(this.pools).flatMap((pool) => pool.close()));
    this.pools = poolsOf(rules);
    this.rules = rules;
  }

  private hasSlot(): boolean {
    return this.rules.concurrent === null || this.open < this.slots;
  }

  private enter(kind: RequestKind, permit: Permit): Admission {
    const pool = this.pools[kind];
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    return { reports: this.states(pool), end: (refund) => this.leave(refund ? { pool, permit } : null) };
  }

  private leave(refunded: { pool: PermitPool; permit: Permit } | null): void {
    this.open -= 1;
    refunded?.pool.refund(refunded.permit);
    const { concurrent } = this.rules;
    if (concurrent === null || concurrent >= SMALL_SLOT_QUOTA) return;
    this.mostOpen = this.open;
    this.settleWanted = true;
    void this.serve();
  }

  private states(pool: PermitPool): LimitState[] {
    const states = pool.states(this.at.now());
    const { concurrent } = this.rules;
    if (concurrent === null) return states;
    const used = this.others + this.open;
    return [
      ...states,
      limitState('concurrent_requests', { windowSeconds: null, limit: concurrent, used, reset: null }),
    ];
  }

  /**
   * One statement at a time: those who come meanwhile share the next. What was not used goes back before more is asked for, so
   * that nobody is refused over it.
   */
  private async serve(): Promise<void> {
    if (this.serving) return;
    this.serving = true;
    try {
      for (;;) {
        if (this.hasUnused()) await this.settle();
        else if (this.waiting[0]) await this.ask(this.waiting[0].kind);
        else if (this.settleWanted) await this.settle();
        else return;
      }
    } finally {
      this.serving = false;
    }
  }

  private async ask(kind: RequestKind): Promise<void> {
    const pool = this.pools[kind];
    this.enterOnHeld(kind);
    const needed = this.waiting.filter((one) => one.kind === kind).length;
    if (needed === 0) return;
    const demand: PermitDemand = {
      policies: pool.policies,
      needed,
      wanted: Math.max(needed, pool.demand()),
      slots: Math.max(this.slots, this.open + needed),
      open: this.open,
      slotQuota: this.rules.concurrent,
    };
    const askedAt = this.at.now();
    let grant: PermitGrant;
    try {
      grant = await inTime(this.at.permits.take(this.organizationId, this.at.instance, demand), ANSWER_MS);
    } catch (error) {
      for (const waiter of this.takeWaiting(kind, needed)) waiter.reject(error);
      return;
    }
    this.others = grant.others;
    if (grant.granted > 0) this.slots = grant.slots;
    if (grant.granted > 0) this.renewedAt = askedAt;
    const room = this.rules.concurrent === null ? needed : Math.min(needed, Math.max(0, this.slots - this.open));
    const permits = pool.grant(grant, askedAt, room, this.at.now());
    for (const waiter of this.takeWaiting(kind, permits.length)) {
      const permit = permits.shift();
      if (permit) waiter.resolve(this.enter(kind, permit));
    }
    if (grant.granted === 0) this.refuse(pool, kind, needed);
  }

  /** Who came while permits were asked for may find some that were taken ahead: to be refused beside them would be wrong. */
  private enterOnHeld(kind: RequestKind): void {
    while (this.hasSlot() && this.waiting.some((one) => one.kind === kind)) {
      const permit = this.pools[kind].take(this.at.now());
      if (!permit) return;
      for (const waiter of this.takeWaiting(kind, 1)) waiter.resolve(this.enter(kind, permit));
    }
  }

  private refuse(pool: PermitPool, kind: RequestKind, count: number): void {
    const refusal = pool.refusal(this.at.now()) ?? this.noSlot(pool);
    for (const waiter of this.takeWaiting(kind, count)) {
      waiter.reject(new RequestRefused(refusal.states, refusal.by, refusal.waitMs));
    }
  }

  private noSlot(pool: PermitPool): { states: LimitState[]; by: LimitState; waitMs: number } {
    const states = pool.states(this.at.now());
    const limit = this.rules.concurrent ?? 0;
    const by: LimitState = {
      policy: 'concurrent_requests',
      windowSeconds: null,
      limit,
      remaining: 0,
      resetAtMs: pool.databaseTime(this.at.now()) + SLOT_WAIT_MS,
      resetInMs: SLOT_WAIT_MS,
    };
    return { states, by, waitMs: SLOT_WAIT_MS };
  }

  private takeWaiting(kind: RequestKind, count: number): Waiter[] {
    const taken = this.waiting.filter((one) => one.kind === kind).slice(0, count);
    this.waiting.splice(0, this.waiting.length, ...this.waiting.filter((one) => !taken.includes(one)));
    return taken;
  }

  private hasUnused(): boolean {
    this.unused.push(...Object.values(this.pools).flatMap((pool) => pool.takeUnused(this.at.now())));
    return this.unused.length > 0;
  }

  /** Should the database not hear it, it counts too much, never too little: nothing is said twice. */
  private async settle(): Promise<void> {
    this.settleWanted = false;
    const unused = sumOf(this.unused.splice(0));
    const slots = this.rules.concurrent === null && this.slots === 0 ? null : Math.max(this.open, this.mostOpen);
    if (slots !== null) this.slots = slots;
    this.renewedAt = this.at.now();
    const settled = this.at.permits.settle(this.organizationId, this.at.instance, slots, unused);
    await inTime(settled, ANSWER_MS).catch(() => undefined);
  }
}

function poolsOf(rules: RequestRules): Record<RequestKind, PermitPool> {
  return {
    status_check: new PermitPool(rules.policies.status_check),
    other: new PermitPool(rules.policies.other),
  };
}

/** One entry a policy and bucket: a statement changes each row once. */
function sumOf(unused: readonly UnusedPermits[]): UnusedPermits[] {
  const sums = new Map<string, UnusedPermits>();
  for (const one of unused) {
    const key = `${one.policy} ${String(one.bucket)}`;
    sums.set(key, { ...one, unused: one.unused + (sums.get(key)?.unused ?? 0) });
  }
  return [...sums.values()];
}
