import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import type { PriceBook } from '@attune/pricing';

/**
 * `placed`: reserved, its run not known to exist yet. `confirmed`: its run exists. Ends: `posted` (the run succeeded and is charged),
 * `released` (it failed, was cancelled or never started), `expired` (nobody ever spoke of its run). SQL refuses every other way.
 */
export type HoldState = 'placed' | 'confirmed' | 'posted' | 'released' | 'expired';

/** A run, and so its hold, by its key. */
export interface RunRef {
  organizationId: OrganizationId;
  runId: RunId;
}

/** What a run is going to cost, reserved for it. Known by the run's id. */
export interface Hold {
  runId: RunId;
  organizationId: OrganizationId;
  modelId: ModelId;
  priceBook: string;
  newMs: number;
  amountCents: number;
  state: HoldState;
}

/** A run that somebody wants to start: what it would add to what its model has used. */
export interface PlannedRun {
  organizationId: OrganizationId;
  modelId: ModelId;
  newMs: number;
}

/** What a planned run costs by a book. */
export interface RunQuote {
  book: PriceBook;
  usedMs: bigint;
  newMs: bigint;
  includedMs: bigint;
  overageMs: bigint;
  amountCents: bigint;
}
