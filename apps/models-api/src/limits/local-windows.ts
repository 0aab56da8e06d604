import type { Admission } from '@attune/http';
import type { OrganizationId } from '@attune/kernel';
import { limitState, type LimitState } from './limit';
import { RequestRefused } from './organization-gate';
import type { RequestRules } from './request-policy';
import { SlidingWindow, type WindowState } from './sliding-window';

const MOST_ORGANIZATIONS = 10_000;

/** Looks counted in this process alone, with the whole of each limit: better than to refuse them, or not to count at all. */
export class LocalWindows {
  private readonly windows = new Map<OrganizationId, { revision: number; windows: SlidingWindow[] }>();

  /** All windows have room, or nothing is counted. Throws RequestRefused. */
  admit(organizationId: OrganizationId, rules: RequestRules, now: Date): Admission {
    const windows = this.windowsOf(organizationId, rules);
    const nowMs = now.getTime();
    const looks = windows.map((window) => ({ window, state: window.look(nowMs) }));
    const [full] = looks
      .filter(({ state }) => state.opensAtMs !== null)
      .sort((a, b) => (b.state.opensAtMs ?? 0) - (a.state.opensAtMs ?? 0));
    if (full) {
      const waitMs = (full.state.opensAtMs ?? nowMs) - nowMs;
      const by = { ...toState(full.window, full.state, nowMs), resetAtMs: full.state.opensAtMs, resetInMs: waitMs };
      throw new RequestRefused(
        looks.map(({ window, state }) => toState(window, state, nowMs)),
        by,
        waitMs,
      );
    }
    for (const window of windows) window.add(nowMs);
    return {
      reports: windows.map((window) => toState(window, window.look(nowMs), nowMs)),
      end: () => undefined,
    };
  }

  private windowsOf(organizationId: OrganizationId, rules: RequestRules): SlidingWindow[] {
    const known = this.windows.get(organizationId);
    if (known?.revision === rules.revision) return known.windows;
    if (this.windows.size >= MOST_ORGANIZATIONS) this.windows.clear();
    const windows = rules.policies.status_check.map((policy) => new SlidingWindow(policy));
    this.windows.set(organizationId, { revision: rules.revision, windows });
    return windows;
  }
}

function toState({ policy }: SlidingWindow, { used, freesAtMs }: WindowState, nowMs: number): LimitState {
  return limitState(policy.policy, {
    windowSeconds: policy.windowSeconds,
    limit: policy.quota,
    used,
    reset: freesAtMs === null ? null : { atMs: freesAtMs, inMs: Math.max(0, freesAtMs - nowMs) },
  });
}
