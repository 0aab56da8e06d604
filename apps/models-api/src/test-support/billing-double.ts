import type { Quote, ReplyOf, RequestOf, UsageLine } from '@attune/events';
import { AppError, toNamedLimits, unlimited, type Plan } from '@attune/kernel';
import type { Rpc } from '@attune/messaging';

type Agreement = Omit<RequestOf<'billing.agree-terms'>, 'organization_id'> & { plan: Plan; revision: number };

export interface HeldRun extends RequestOf<'billing.place-hold'> {
  amountCents: number;
  released: boolean;
}

/**
 * Billing as models-api meets it over request/reply: it agrees terms, by the plans' own rules as far as these tests look at them, charges
 * as a test says, and remembers what it was asked.
 */
export class BillingDouble {
  private readonly agreements = new Map<string, Agreement>();
  /** How often it was asked to agree terms. */
  asked = 0;
  readonly measured: RequestOf<'billing.measure-audio'>[] = [];
  readonly holds: HeldRun[] = [];
  readonly listed: RequestOf<'billing.list-usage'>[] = [];
  /** What a run costs that adds so much new audio. */
  priceOf: (newMs: number) => number = () => 0;
  /** Of the audio that it is asked about, what is new. */
  newMsOf: (audio: readonly (readonly [string, number])[]) => number = (audio) =>
    audio.reduce((sum, [, ms]) => sum + ms, 0);
  /** Runs before a hold is answered: what a test wants to happen between pricing and the run's transaction. */
  whilePlacing: () => Promise<void> = () => Promise.resolve();
  usage: UsageLine[] = [];
  private rpc: Rpc | null = null;

  constructor(private readonly rpcOf: () => Rpc) {}

  /** Answers from now on, in billing's name. */
  start(): void {
    const rpc = this.rpcOf();
    rpc.serve('billing.agree-terms', (terms) => Promise.resolve(this.agree(terms)));
    rpc.serve('billing.measure-audio', (request) => {
      this.measured.push(request);
      return Promise.resolve({ new_ms: this.newMsOf(request.audio) });
    });
    rpc.serve('billing.quote-run', ({ new_ms }) => Promise.resolve(this.quoteOf(new_ms)));
    rpc.serve('billing.place-hold', (request) => this.place(request));
    rpc.serve('billing.release-hold', ({ run_id }) => {
      for (const hold of this.holdsOf(run_id)) hold.released = true;
      return Promise.resolve({ released: true });
    });
    rpc.serve('billing.list-usage', (request) => {
      this.listed.push(request);
      return Promise.resolve(this.usageFrom(request));
    });
    this.rpc = rpc;
  }

  /** From here on nobody answers, as when billing is down. */
  async stop(): Promise<void> {
    await this.rpc?.drain();
  }

  holdsOf(runId: string): HeldRun[] {
    return this.holds.filter(({ run_id }) => run_id === runId);
  }

  /** Holds of the organization whose runs nobody has called off. */
  openHolds(organizationId: string): HeldRun[] {
    return this.holds.filter((hold) => hold.organization_id === organizationId && !hold.released);
  }

  private agree({ organization_id, ...terms }: RequestOf<'billing.agree-terms'>): ReplyOf<'billing.agree-terms'> {
    this.asked++;
    const before = this.agreements.get(organization_id);
    const plan = terms.plan ?? before?.plan;
    if (plan === undefined) throw new AppError('NOT_FOUND', 'This organization has no agreement yet: name a plan');
    const now: Agreement = { ...before, ...terms, plan, revision: (before?.revision ?? 0) + 1 };
    this.agreements.set(organization_id, now);
    const trains = plan === 'gold' || plan === 'enterprise';
    const ofPlan = { ...toNamedLimits(unlimited), models: trains ? 5 : 0, live_runs: trains ? 2 : 0 };
    return {
      organization_id,
      plan,
      revision: now.revision,
      may_train: trains,
      minimum_training_ms: now.minimum_training_ms ?? 18_000_000,
      limits: { ...ofPlan, ...now.limits },
      limit_overrides: now.limits ?? {},
    };
  }

  private async place(request: RequestOf<'billing.place-hold'>): Promise<Quote> {
    const quote = this.quoteOf(request.new_ms);
    const max = request.max_amount_cents;
    if (max !== null && quote.amount_cents > max) {
      throw new AppError('COST_LIMIT_EXCEEDED', 'The run would cost more than max_cost allows; nothing was started', {
        details: { max_cost: max, estimated_cost: quote.amount_cents, currency: 'USD', unit: 'cents' },
      });
    }
    this.holds.push({ ...request, amountCents: quote.amount_cents, released: false });
    await this.whilePlacing();
    return quote;
  }

  private quoteOf(newMs: number): Quote {
    const amount = this.priceOf(newMs);
    return {
      used_ms: 0,
      new_ms: newMs,
      included_ms: amount > 0 ? 0 : newMs,
      overage_ms: amount > 0 ? newMs : 0,
      amount_cents: amount,
      currency: 'USD',
      price_book: 'test',
    };
  }

  private usageFrom({ offset, limit }: RequestOf<'billing.list-usage'>): ReplyOf<'billing.list-usage'> {
    const sumOf = (of: (line: UsageLine) => number): number => this.usage.reduce((sum, line) => sum + of(line), 0);
    return {
      total: this.usage.length,
      new_ms: sumOf((line) => line.new_ms),
      overage_ms: sumOf((line) => line.overage_ms),
      amount_cents: sumOf((line) => line.amount_cents),
      currency: 'USD',
      lines: this.usage.slice(offset, offset + limit),
    };
  }
}
