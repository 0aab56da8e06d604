import type { LimitReport } from './request-limiter';

const SECOND_MS = 1000;

/**
 * The headers of the limits that a request counts in: `X-RateLimit-*` of the tightest, `RateLimit-Policy` and `RateLimit`
 * (draft-ietf-httpapi-ratelimit-headers) of all. Limits that are no count within a time say nothing about the next request,
 * so they appear as policies only, unless one of them is what refused. Empty where nothing is limited.
 */
export function toLimitHeaders(reports: readonly LimitReport[]): Record<string, string> {
  if (reports.length === 0) return {};
  const policies = reports.map(toPolicy).join(', ');
  const timed = reports.filter((report) => report.windowSeconds !== null || report.resetInMs !== null);
  const tightest = tightestOf(timed);
  if (tightest === undefined) return { 'ratelimit-policy': policies };
  return {
    'x-ratelimit-limit': String(tightest.limit),
    'x-ratelimit-remaining': String(tightest.remaining),
    ...(tightest.resetAtMs === null ? {} : { 'x-ratelimit-reset': String(Math.ceil(tightest.resetAtMs / SECOND_MS)) }),
    'ratelimit-policy': policies,
    ratelimit: timed.map(toItem).join(', '),
  };
}

/** The limit that refuses next: with the least remaining; of equals, the one that gives more the latest. */
export function tightestOf(reports: readonly LimitReport[]): LimitReport | undefined {
  let tightest: LimitReport | undefined;
  for (const report of reports) {
    const isTighter =
      tightest === undefined ||
      report.remaining < tightest.remaining ||
      (report.remaining === tightest.remaining && (report.resetAtMs ?? 0) > (tightest.resetAtMs ?? 0));
    if (isTighter) tightest = report;
  }
  return tightest;
}

/** `q`: how many; `w`: within how many seconds; `qu`: of what, when not of requests within a time. */
function toPolicy({ policy, limit, windowSeconds }: LimitReport): string {
  const quota = `"${policy}";q=${String(limit)}`;
  return windowSeconds === null ? `${quota};qu="concurrent-requests"` : `${quota};w=${String(windowSeconds)}`;
}

/** `r`: how many remain; `t`: seconds until there are more. */
function toItem({ policy, remaining, resetInMs }: LimitReport): string {
  const item = `"${policy}";r=${String(remaining)}`;
  return resetInMs === null ? item : `${item};t=${String(Math.max(0, Math.ceil(resetInMs / SECOND_MS)))}`;
}
