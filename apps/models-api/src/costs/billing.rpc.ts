import { Injectable } from '@nestjs/common';
import { MAX_MEASURED, type Quote, type ReplyOf } from '@attune/events';
import { Rpc } from '@attune/messaging';
import type { RunPlace } from '@attune/storage';
import { Billing, type ModelRef, type Recording, type UsageFilter } from './billing';

/** Longer than any healthy answer, shorter than a caller's patience. */
const TIMEOUT_MS = 5_000;

/** Asks billing over request/reply. */
@Injectable()
export class RpcBilling extends Billing {
  constructor(private readonly rpc: Rpc) {
    super();
  }

  async measureNew(model: ModelRef, recordings: readonly Recording[]): Promise<number> {
    let newMs = 0;
    for (let from = 0; from < recordings.length; from += MAX_MEASURED) {
      const audio = recordings.slice(from, from + MAX_MEASURED).map(([sha256, ms]): [string, number] => [sha256, ms]);
      const reply = await this.rpc.call(
        'billing.measure-audio',
        { ...scopeOf(model), audio },
        { timeoutMs: TIMEOUT_MS },
      );
      newMs += reply.new_ms;
    }
    return newMs;
  }

  quote(model: ModelRef, newMs: number): Promise<Quote> {
    return this.rpc.call('billing.quote-run', { ...scopeOf(model), new_ms: newMs }, { timeoutMs: TIMEOUT_MS });
  }

  placeHold(run: RunPlace, newMs: number, maxCents: number | null): Promise<Quote> {
    const request = { ...scopeOf(run), run_id: run.runId, new_ms: newMs, max_amount_cents: maxCents };
    return this.rpc.call('billing.place-hold', request, { timeoutMs: TIMEOUT_MS });
  }

  async releaseHold(run: RunPlace): Promise<void> {
    await this.rpc.call('billing.release-hold', { organization_id: run.organizationId, run_id: run.runId });
  }

  listUsage(filter: UsageFilter, page: { offset: number; limit: number }): Promise<ReplyOf<'billing.list-usage'>> {
    const { organizationId, month, modelId, runId } = filter;
    return this.rpc.call(
      'billing.list-usage',
      { organization_id: organizationId, month, model_id: modelId, run_id: runId, ...page },
      { timeoutMs: TIMEOUT_MS },
    );
  }
}

function scopeOf({ organizationId, modelId }: ModelRef) {
  return { organization_id: organizationId, model_id: modelId };
}
