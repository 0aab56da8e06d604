import type { ReplyOf, RequestOf } from '@attune/events';
import { AppError, toNamedLimits, unlimited, type Plan } from '@attune/kernel';
import type { TestApi } from './test-api';

type Agreement = Omit<RequestOf<'billing.agree-terms'>, 'organization_id'> & { plan: Plan; revision: number };

/** Billing as models-api sees it: agrees terms, by the plans' own rules as far as these tests look at them. */
export class BillingDouble {
  private readonly agreements = new Map<string, Agreement>();
  /** How often it was asked. */
  asked = 0;

  /** Answers from now on, in billing's name. */
  static answer(api: TestApi): BillingDouble {
    const double = new BillingDouble();
    const rpc = api.rpcOf('billing');
    rpc.serve('billing.agree-terms', (terms) => Promise.resolve(double.agree(terms)));
    double.leave = () => rpc.drain();
    return double;
  }

  /** Nobody answers any more. */
  leave: () => Promise<void> = () => Promise.resolve();

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
}
