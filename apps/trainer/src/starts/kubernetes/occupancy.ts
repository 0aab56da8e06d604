import type { V1Pod, V1ResourceQuota } from '@kubernetes/client-node';
import type { HeldStart } from '../executor';
import { acceleratorOf, type Holding, type Quota } from './capacity';
import type { SharingSettings } from './settings';

/** What the starts that were ordered hold, by the settings of today. */
export function toHoldings(held: readonly HeldStart[], settings: SharingSettings): Holding[] {
  return held.map(({ accelerator, pool, priorityClass }) => {
    const known = acceleratorOf(accelerator, settings);
    return { resource: known?.resource ?? '', units: known?.count ?? 1, pool, priorityClass };
  });
}

/** Whether the pod has a machine, or may get one: it has not ended. One that is asked to end keeps its machine until it does. */
export function hasMachine(pod: V1Pod): boolean {
  return pod.status?.phase === 'Pending' || pod.status?.phase === 'Running';
}

/** The pool whose machines the pod asks for. */
export function poolOf({ spec }: V1Pod): string | null {
  return spec?.nodeSelector?.['attune.dev/pool'] ?? null;
}

/** What a pod holds, by its own words. */
export function toPodHolding(pod: V1Pod): Holding {
  const { spec } = pod;
  const limits = Object.entries(spec?.containers[0]?.resources?.limits ?? {});
  const [resource, units] = limits.find(([name]) => name.includes('/')) ?? ['', '1'];
  return {
    resource,
    units: toNumber(units),
    pool: poolOf(pod),
    priorityClass: spec?.priorityClassName ?? null,
  };
}

export function toQuota(quota: V1ResourceQuota): Quota {
  const selectors = quota.spec?.scopeSelector?.matchExpressions ?? [];
  // A start has a deadline, and asks for what it needs.
  const scopes = [...(quota.spec?.scopes ?? []), ...selectors.map(({ scopeName }) => scopeName)];
  const isForOthers = scopes.some((scope) => scope === 'NotTerminating' || scope === 'BestEffort');
  return {
    hard: toNumbers(quota.spec?.hard),
    used: toNumbers(quota.status?.used),
    counts: (priorityClass) =>
      !isForOthers &&
      selectors
        .filter(({ scopeName }) => scopeName === 'PriorityClass')
        .every(({ operator, values = [] }) => {
          const isNamed = priorityClass !== null && values.includes(priorityClass);
          return operator === 'In' ? isNamed : operator === 'NotIn' ? !isNamed : operator === 'Exists';
        }),
  };
}

function toNumbers(quantities: Record<string, string> = {}): Record<string, number> {
  return Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, toNumber(quantity)]));
}

/** Counts of things; memory and the like, which have units, are not asked for. */
function toNumber(quantity: string): number {
  const factor = quantity.endsWith('k') ? 1000 : 1;
  const number = Number(quantity.replace(/k$/, '')) * factor;
  return Number.isFinite(number) ? number : Number.MAX_SAFE_INTEGER;
}
