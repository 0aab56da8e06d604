import type { ApiEstimate, ApiUsageLine, ApiUsageList, usageQuery } from '@attune/contracts';
import type { ReplyOf, UsageLine } from '@attune/events';
import { fromModelKey, type OrganizationId, type RunId } from '@attune/kernel';
import type { z } from 'zod';
import { fromApiModelId } from '../models/model.convert';
import { toHours } from '../runs/run';
import type { UsageFilter } from './billing';
import type { Estimate } from './costs.service';

const MS_PER_MINUTE = 60_000;

export function fromApiUsageFilter(
  organizationId: OrganizationId,
  { month, model, run }: z.infer<typeof usageQuery>,
): UsageFilter {
  const modelId = model === undefined ? null : (fromModelKey(model) ?? fromApiModelId(model));
  return { organizationId, month: month ?? null, modelId, runId: (run as RunId | undefined) ?? null };
}

export function toApiUsageList(usage: ReplyOf<'billing.list-usage'>): ApiUsageList {
  return {
    count: usage.lines.length,
    total_results: usage.total,
    total_new_distinct_ms: usage.new_ms,
    total_overage_ms: usage.overage_ms,
    total_amount_cents: usage.amount_cents,
    currency: usage.currency,
    result: usage.lines.map(toApiUsageLine),
  };
}

export function toApiEstimate({ modelId, distinctMs, quote, pace }: Estimate): ApiEstimate {
  return {
    model_id: modelId,
    audio_hours: toHours(distinctMs),
    new_hours: toHours(quote.new_ms),
    included_hours: toHours(quote.included_ms),
    billable_hours: toHours(quote.overage_ms),
    price: { amount_cents: quote.amount_cents, currency: quote.currency, price_book: quote.price_book },
    expected_minutes: pace && Math.max(1, Math.round((distinctMs * pace.secondsPerSecond) / MS_PER_MINUTE)),
    expected_minutes_basis: {
      method: pace ? 'median_of_past_runs' : 'none',
      runs: pace?.runs ?? 0,
      base_model: pace?.baseModel ?? null,
    },
  };
}

function toApiUsageLine(line: UsageLine): ApiUsageLine {
  const { new_ms, ...rest } = line;
  return { ...rest, new_distinct_ms: new_ms };
}
