import * as fc from 'fast-check';
import type { Admission } from '@attune/http';
import { unlimited, type Limits, type OrganizationId } from '@attune/kernel';
import { WindowOracle } from '../test-support/window-oracle';
import { OrganizationGate, type RequestRefused } from './organization-gate';
import type { PermitDemand, PermitGrant, UnusedPermits } from './permits.repository';
import { BUCKETS, bucketAt, bucketLeavesAtMs, requestRules } from './request-policy';

/** The shared count, as the database keeps it, for gates that stand for instances. Time is the test's. */
class SharedCount {
  now = 1_000;
  readonly startMs = 1_700_000_000_000;
  readonly counts = new Map<string, Map<number, number>>();
  readonly slots = new Map<string, number>();
  statements = 0;
  failing = false;

  /** Database time; gates know only the monotonic `now`. */
  get nowMs(): number {
    return this.startMs + this.now;
  }

  take(instance: string, demand: PermitDemand): Promise<PermitGrant> {
    this.statements += 1;
    if (this.failing) return Promise.reject(new Error('away'));
    const windows = demand.policies.map((policy) => {
      const now = bucketAt(policy, this.nowMs);
      const live = [...(this.counts.get(policy.policy) ?? [])]
        .filter(([bucket, count]) => bucket >= now - BUCKETS && count > 0)
        .sort(([a], [b]) => a - b);
      const used = live.reduce((sum, [, count]) => sum + count, 0);
      let left = used;
      const blocking = live.find(([, count]) => (left -= count) < policy.quota);
      return {
        policy: policy.policy,
        used,
        freesAtMs: live[0] ? bucketLeavesAtMs(policy, live[0][0]) : null,
        opensAtMs: used >= policy.quota && blocking ? bucketLeavesAtMs(policy, blocking[0]) : null,
      };
    });
    const left = Math.min(
      ...demand.policies.map(({ quota }, n) => Math.max(0, quota - (windows[n]?.used ?? 0))),
      Number.MAX_SAFE_INTEGER,
    );
    let granted = Math.min(left, Math.max(demand.needed, Math.min(demand.wanted, Math.floor(left / 16))));
    const others = [...this.slots].reduce((sum, [name, count]) => (name === instance ? sum : sum + count), 0);
    let slots = demand.slots;
    if (demand.slotQuota !== null) {
      slots = Math.max(Math.min(demand.slots, demand.slotQuota - others), demand.open);
      if (slots <= demand.open) granted = 0;
    }
    if (granted > 0) {
      this.slots.set(instance, slots);
      for (const policy of demand.policies) this.add(policy.policy, bucketAt(policy, this.nowMs), granted);
    }
    return Promise.resolve({ granted, slots, others, nowMs: this.nowMs, windows });
  }

  settle(instance: string, slots: number | null, unused: readonly UnusedPermits[]): Promise<void> {
    this.statements += 1;
    for (const one of unused) this.add(one.policy, one.bucket, -one.unused);
    if (slots !== null) this.slots.set(instance, slots);
    return Promise.resolve();
  }

  used(policy: string): number {
    return [...(this.counts.get(policy)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }

  gate(instance: string, limits: Partial<Limits>): Instance {
    const rules = requestRules(1, { ...unlimited, ...limits });
    const permits = {
      take: (_: OrganizationId, name: string, demand: PermitDemand) => this.take(name, demand),
      settle: (_: OrganizationId, name: string, slots: number | null, unused: readonly UnusedPermits[]) =>
        this.settle(name, slots, unused),
    };
    const gate = new OrganizationGate('o' as OrganizationId, rules, { permits, instance, now: () => this.now });
    return { gate, ask: async (kind = 'other') => gate.admit(kind, rules) };
  }

  private add(policy: string, bucket: number, count: number): void {
    const counts = this.counts.get(policy) ?? new Map<number, number>();
    counts.set(bucket, (counts.get(bucket) ?? 0) + count);
    this.counts.set(policy, counts);
  }
}

interface Instance {
  gate: OrganizationGate;
  ask: (kind?: 'status_check' | 'other') => Promise<Admission>;
}

const outcome = (asked: Promise<Admission>) =>
  asked.then(
    (admission) => ({ admission, refused: null }),
    (refused: unknown) => ({ admission: null, refused: refused as RequestRefused }),
  );

describe('the gate of an organization', () => {
  it('lets in what all limits together allow, over three instances, in any stretch of time', async () => {
    const step = fc.record({
      at: fc.integer({ min: 0, max: 2 }),
      pauseMs: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 0, max: 400 }) },
        fc.integer({ min: 0, max: 40_000 }),
      ),
      burst: fc.integer({ min: 1, max: 12 }),
      refund: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.array(step, { maxLength: 30 }), async (quota, steps) => {
        const shared = new SharedCount();
        const instances = ['a', 'b', 'c'].map((name) => shared.gate(name, { requestsPerMinute: quota }));
        const oracle = new WindowOracle({ policy: 'requests_per_minute', quota, windowSeconds: 60 });
        for (const { at, pauseMs, burst, refund } of steps) {
          shared.now += pauseMs;
          const asked = await Promise.all(
            Array.from({ length: burst }, () => outcome(instances[at]?.ask() ?? Promise.reject(new Error()))),
          );
          for (const { admission, refused } of asked) {
            for (const report of admission?.reports ?? refused?.states ?? []) {
              expect(report.remaining).toBeGreaterThanOrEqual(0);
              expect(report.remaining).toBeLessThanOrEqual(quota);
            }
            if (refused) expect(refused.waitMs).toBeGreaterThan(0);
            if (admission && !refund) oracle.add(shared.nowMs, 1);
            admission?.end(refund);
          }
        }
        expect(oracle.mostInAnyWindow()).toBeLessThanOrEqual(quota);
      }),
      { numRuns: 600 },
    );
  });

  it('lets in exactly the quota when everybody asks at once, and tells the others a wait that is enough', async () => {
    const shared = new SharedCount();
    const { ask, gate } = shared.gate('a', { requestsPerMinute: 30 });
    const first = await Promise.all(Array.from({ length: 300 }, () => outcome(ask())));
    expect(first.filter(({ admission }) => admission)).toHaveLength(30);
    const wait = first.find(({ refused }) => refused)?.refused?.waitMs ?? 0;
    await gate.tick(60_000);
    shared.now += wait + 1;
    expect((await outcome(ask())).admission).not.toBeNull();
  });

  it('uses no permit that it took ahead once its second is over: it would be missing in the window of its use', async () => {
    const shared = new SharedCount();
    const quota = 320;
    const [a, b] = ['a', 'b'].map((name) => shared.gate(name, { requestsPerMinute: quota }));
    if (!a || !b) throw new Error('no gates');
    for (let n = 0; n < 11; n++) (await a.ask()).end(false);
    expect(shared.used('requests_per_minute')).toBeGreaterThan(11);
    shared.now += 61_000;
    const askAll = (instance: Instance) => Promise.all(Array.from({ length: quota }, () => outcome(instance.ask())));
    const within = [...(await askAll(a)), ...(await askAll(b))].filter(({ admission }) => admission);
    expect(within).toHaveLength(quota);
  });

  it('lets those who come while it asks in on what it took ahead, and refuses nobody beside it', async () => {
    const shared = new SharedCount();
    const { ask } = shared.gate('a', { requestsPerMinute: 320 });
    for (let n = 0; n < 10; n++) (await ask()).end(false);
    const before = shared.statements;
    await Promise.all([ask(), ask(), ask()]);
    expect(shared.statements - before).toBe(1);
  });

  it('needs few statements for many requests', async () => {
    const shared = new SharedCount();
    const { ask, gate } = shared.gate('a', { requestsPerMinute: 1_000_000 });
    for (let second = 0; second < 5; second++) {
      for (let n = 0; n < 1000; n++) (await ask()).end(false);
      shared.now += 1000;
      await gate.tick(60_000);
    }
    expect(shared.statements).toBeLessThan(60);
    await gate.close();
    expect(shared.used('requests_per_minute')).toBe(5000);
  });

  it('charges no policy when one of them refuses', async () => {
    const shared = new SharedCount();
    const { ask, gate } = shared.gate('a', { requestsPerMinute: 50, statusChecksPerMinute: 2 });
    await ask('status_check');
    await ask('status_check');
    const { refused } = await outcome(ask('status_check'));
    expect(refused?.by.policy).toBe('status_checks_per_minute');
    await gate.close();
    expect(shared.used('requests_per_minute')).toBe(2);
    expect((await outcome(ask('other'))).admission).not.toBeNull();
  });

  it('makes a refunded request cost nothing, at once and later', async () => {
    const shared = new SharedCount();
    const { ask, gate } = shared.gate('a', { requestsPerMinute: 1 });
    (await ask()).end(true);
    const second = await ask();
    shared.now += 5000;
    second.end(true);
    await gate.tick(60_000);
    expect((await outcome(ask())).admission).not.toBeNull();
  });

  it('gives a refunded request to the next of any kind, at once', async () => {
    const shared = new SharedCount();
    const { ask } = shared.gate('a', { requestsPerMinute: 1 });
    (await ask('other')).end(true);
    expect((await outcome(ask('status_check'))).admission).not.toBeNull();
  });

  it('has no more requests open than the limit, over all instances, and gives a place back when one ends', async () => {
    const shared = new SharedCount();
    const [a, b] = ['a', 'b'].map((name) => shared.gate(name, { concurrentRequests: 3 }));
    if (!a || !b) throw new Error('no gates');
    const open = [await a.ask(), await b.ask(), await a.ask()];
    for (const one of [a, b]) {
      const { refused } = await outcome(one.ask());
      expect([refused?.by.policy, refused?.waitMs]).toEqual(['concurrent_requests', 1000]);
    }
    open[0]?.end(false);
    await a.gate.tick(60_000);
    expect((await outcome(b.ask())).admission).not.toBeNull();
    expect((await outcome(b.ask())).refused).not.toBeNull();
  });

  it('fails those who wait when the count cannot be asked', async () => {
    const shared = new SharedCount();
    const { ask } = shared.gate('a', { requestsPerMinute: 5 });
    shared.failing = true;
    await expect(ask()).rejects.toThrow('away');
    shared.failing = false;
    expect((await outcome(ask())).admission).not.toBeNull();
  });
});
