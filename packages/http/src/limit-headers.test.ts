import { toLimitHeaders } from './limit-headers';
import type { LimitReport } from './request-limiter';

const minute: LimitReport = {
  policy: 'requests_per_minute',
  windowSeconds: 60,
  limit: 120,
  remaining: 80,
  resetAtMs: 1_736_935_200_400,
  resetInMs: 12_300,
};
const looks: LimitReport = { ...minute, policy: 'status_checks_per_minute', limit: 100, remaining: 79 };
const day: LimitReport = {
  ...minute,
  policy: 'requests_per_day',
  windowSeconds: 86_400,
  limit: 50_000,
  remaining: 900,
};
const open: LimitReport = {
  policy: 'concurrent_requests',
  windowSeconds: null,
  limit: 20,
  remaining: 3,
  resetAtMs: null,
  resetInMs: null,
};

describe('the headers of limits', () => {
  it('name the tightest in X-RateLimit, and all of them as the IETF draft has it', () => {
    expect(toLimitHeaders([minute, looks, day, open])).toEqual({
      'x-ratelimit-limit': '100',
      'x-ratelimit-remaining': '79',
      'x-ratelimit-reset': '1736935201',
      'ratelimit-policy':
        '"requests_per_minute";q=120;w=60, "status_checks_per_minute";q=100;w=60, "requests_per_day";q=50000;w=86400, "concurrent_requests";q=20;qu="concurrent-requests"',
      ratelimit: '"requests_per_minute";r=80;t=13, "status_checks_per_minute";r=79;t=13, "requests_per_day";r=900;t=13',
    });
  });

  it('are absent where nothing is limited', () => {
    expect(toLimitHeaders([])).toEqual({});
  });

  it('name, of limits with as little left, the one that gives more the latest', () => {
    const later = { ...day, remaining: 0, resetAtMs: minute.resetAtMs === null ? 0 : minute.resetAtMs + 5_000 };
    expect(toLimitHeaders([{ ...minute, remaining: 0 }, later])['x-ratelimit-limit']).toBe('50000');
  });

  it('say nothing of open requests, unless those refused', () => {
    expect(toLimitHeaders([open])).toEqual({
      'ratelimit-policy': '"concurrent_requests";q=20;qu="concurrent-requests"',
    });
    const refused = { ...open, remaining: 0, resetAtMs: 5_000, resetInMs: 1000 };
    expect(toLimitHeaders([minute, refused])).toMatchObject({
      'x-ratelimit-limit': '20',
      'x-ratelimit-remaining': '0',
    });
  });
});
