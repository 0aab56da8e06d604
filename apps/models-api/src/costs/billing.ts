import type { Quote, ReplyOf } from '@attune/events';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { RunPlace } from '@attune/storage';

export interface ModelRef {
  organizationId: OrganizationId;
  modelId: ModelId;
}

/** A recording by the sha256 of the file that the customer sent, and its decoded milliseconds. */
export type Recording = readonly [sha256: string, ms: number];

export interface UsageFilter {
  organizationId: OrganizationId;
  month: string | null;
  modelId: ModelId | null;
  runId: RunId | null;
}

/** The billing service. Every method throws SERVICE_UNAVAILABLE when it does not answer: nothing that costs money goes on then. */
export abstract class Billing {
  /** How much of these recordings no run of the model has used yet, in milliseconds. Each is named once. */
  abstract measureNew(model: ModelRef, recordings: readonly Recording[]): Promise<number>;

  abstract quote(model: ModelRef, newMs: number): Promise<Quote>;

  /** Throws COST_LIMIT_EXCEEDED, with nothing reserved, when the run would cost more than `maxCents`. */
  abstract placeHold(run: RunPlace, newMs: number, maxCents: number | null): Promise<Quote>;

  /** Of a run that was not started. */
  abstract releaseHold(run: RunPlace): Promise<void>;

  abstract listUsage(
    filter: UsageFilter,
    page: { offset: number; limit: number },
  ): Promise<ReplyOf<'billing.list-usage'>>;
}
