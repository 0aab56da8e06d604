import type { Migration } from '@attune/database';
import { limitNames, plans, type LimitKey, type Plan } from '@attune/kernel';

const columns = Object.values(limitNames);

/** What the contract says of every plan: live models, live runs, and what one organization may do in an hour or a minute. */
const forAll = {
  modelCreationsPerHour: 10,
  trainingStartsPerHour: 5,
  statusChecksPerMinute: 100,
  dataUploadsPerHour: 50,
};
const noTraining = { models: 0, liveRuns: 0 };

/** Requests per minute, hour and day, and at once. */
const requests = (minute: number | null, hour: number | null, day: number | null, concurrent: number | null) => ({
  requestsPerMinute: minute,
  requestsPerHour: hour,
  requestsPerDay: day,
  concurrentRequests: concurrent,
});

const limitsOfPlan: Record<Plan, Record<LimitKey, number | null>> = {
  free: { ...forAll, ...noTraining, ...requests(10, 100, 1_000, 2) },
  bronze: { ...forAll, ...noTraining, ...requests(30, 500, 5_000, 5) },
  silver: { ...forAll, ...noTraining, ...requests(60, 2_000, 20_000, 10) },
  gold: { ...forAll, models: 5, liveRuns: 2, ...requests(120, 5_000, 50_000, 20) },
  enterprise: { ...forAll, models: null, liveRuns: 10, ...requests(null, null, null, null) },
};

export const limits: Migration = {
  name: '0010-limits',
  sql: `
-- How much each plan allows. Null: unlimited. Data, not code: an operator may change a row.
ALTER TABLE plan
${columns.map((column) => `  ADD COLUMN ${column} integer CHECK (${column} >= 0)`).join(',\n')};
${plans.map(updateOf).join('\n')}

-- What was agreed with the organization instead: limit -> number, or null for unlimited. What is not named is the plan's.
ALTER TABLE entitlement ADD COLUMN limits jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(limits) = 'object');
`,
};

function updateOf(plan: Plan): string {
  const values = Object.entries(limitsOfPlan[plan]).map(
    ([key, value]) => `${limitNames[key as LimitKey]} = ${String(value)}`,
  );
  return `UPDATE plan SET ${values.join(', ')} WHERE key = '${plan}';`;
}
