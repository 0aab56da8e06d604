import type { Candidate, Placement } from '../executor';
import { USUAL_ACCELERATOR, USUAL_VENDOR, type Accelerator, type Pool, type SharingSettings } from './settings';

/** A start that holds, or waits for, a part of a pool. */
export interface Holding extends Placement {
  resource: string;
  units: number;
}

/** A ResourceQuota of the namespace, as far as starts count against it. */
export interface Quota {
  hard: Readonly<Record<string, number>>;
  used: Readonly<Record<string, number>>;
  /** Whether starts of the class count against it. */
  counts: (priorityClass: string | null) => boolean;
}

export interface Occupancy {
  /** Every start that was ordered and is not over, and what is left of others. */
  holdings: readonly Holding[];
  /** Those of them that the quotas count already. */
  counted: readonly Holding[];
  quotas: readonly Quota[];
}

/** What the accelerator means here; null where the settings do not say. */
export function acceleratorOf(name: string | null, settings: SharingSettings): Accelerator | null {
  const wanted = name ?? USUAL_ACCELERATOR;
  const explained = settings.accelerators[wanted];
  if (explained) return explained;
  const resource = `${USUAL_VENDOR}/${wanted}`;
  return settings.pools.some((pool) => pool.resource === resource) ? { resource, count: 1 } : null;
}

/**
 * Where a run may start now: in the first pool with room for it. Where none has any, a start of the highest class may wait for one that a
 * lower class holds (the scheduler takes it from there), one for one. So there are never more starts that wait for a machine than
 * machines that they may get.
 */
export function placeStart(candidate: Candidate, occupancy: Occupancy, settings: SharingSettings): Placement | null {
  const accelerator = acceleratorOf(candidate.accelerator, settings);
  if (!accelerator) return null;
  const priorityClass = classOf(candidate, settings);
  const pools = poolsFor(candidate, accelerator, settings);
  const start: Holding = { resource: accelerator.resource, units: accelerator.count, pool: null, priorityClass };
  if (!occupancy.quotas.every((quota) => fitsQuota(start, quota, occupancy))) return null;
  const free = pools.find((pool) => unitsIn(pool, occupancy.holdings) + start.units <= pool.slots);
  if (free) return { pool: free.name, priorityClass };
  if (priorityClass !== settings.priorityClasses.enterprise) return null;
  const kept = occupancy.holdings.filter((holding) => !mayBePreempted(holding, settings));
  const taken = pools.find((pool) => unitsIn(pool, kept) + start.units <= pool.slots);
  return taken ? { pool: taken.name, priorityClass } : null;
}

/** Units that no start holds, by pool; never below 0, though starts that wait for others' machines may add up to more than there are. */
export function freeSlots(holdings: readonly Holding[], pools: readonly Pool[]): { pool: string; free: number }[] {
  return pools.map((pool) => ({ pool: pool.name, free: Math.max(0, pool.slots - unitsIn(pool, holdings)) }));
}

function classOf(candidate: Candidate, settings: SharingSettings): string {
  const classes = settings.priorityClasses;
  if (candidate.plan === 'enterprise') return classes.enterprise;
  const lostMsAgo = candidate.lastPreemptedMsAgo;
  return lostMsAgo !== null && lostMsAgo < settings.protectedForMs ? classes.protected : classes.gold;
}

/** Whether a start that waits in the pool would be offered machines that are not spot after some more losses. */
export function mayLeaveSpot(accelerator: string | null, poolName: string | null, settings: SharingSettings): boolean {
  const known = acceleratorOf(accelerator, settings);
  const pools = known ? poolsOf(known, settings) : [];
  return pools.some(({ name, spot }) => name === poolName && spot) && pools.some(({ spot }) => !spot);
}

function poolsOf(accelerator: Accelerator, { pools }: SharingSettings): readonly Pool[] {
  const { resource, pools: meant } = accelerator;
  return pools.filter((pool) => pool.resource === resource && (meant?.includes(pool.name) ?? true));
}

function poolsFor(candidate: Candidate, accelerator: Accelerator, settings: SharingSettings): readonly Pool[] {
  const pools = poolsOf(accelerator, settings);
  if (candidate.preemptions < settings.spotPreemptions) return pools;
  const lasting = pools.filter((pool) => !pool.spot);
  return lasting.length > 0 ? lasting : pools;
}

function mayBePreempted(holding: Holding, settings: SharingSettings): boolean {
  return holding.priorityClass === settings.priorityClasses.gold;
}

function unitsIn(pool: Pool, holdings: readonly Holding[]): number {
  return holdings.filter((holding) => holding.pool === pool.name).reduce((sum, { units }) => sum + units, 0);
}

/** Ours are counted by what was ordered, since a quota hears of a pod only when it is made; what else it counts is others'. */
function fitsQuota(start: Holding, quota: Quota, { holdings, counted }: Occupancy): boolean {
  if (!quota.counts(start.priorityClass)) return true;
  return Object.entries(quota.hard).every(([name, hard]) => {
    const demand = demandOf(start, name);
    if (demand === 0) return true;
    const sum = (starts: readonly Holding[]): number =>
      starts.filter((one) => quota.counts(one.priorityClass)).reduce((total, one) => total + demandOf(one, name), 0);
    const others = Math.max(0, (quota.used[name] ?? 0) - sum(counted));
    return sum(holdings) + others + demand <= hard;
  });
}

function demandOf(start: Holding, name: string): number {
  if (name === `requests.${start.resource}`) return start.units;
  return name === 'pods' || name === 'count/pods' || name === 'count/jobs.batch' ? 1 : 0;
}
