import fc from 'fast-check';
import type { Plan, RunId } from '@attune/kernel';
import type { Candidate, Placement } from '../executor';
import { acceleratorOf, freeSlots, mayLeaveSpot, placeStart, type Holding, type Quota } from './capacity';
import type { SharingSettings } from './settings';

const HOUR = 3_600_000;
const settings: SharingSettings = {
  pools: [
    { name: 'spot', resource: 'gpu', spot: true, slots: 2 },
    { name: 'lasting', resource: 'gpu', spot: false, slots: 1 },
    { name: 'slices', resource: 'nvidia.com/mig-1g.10gb', spot: false, slots: 4 },
  ],
  accelerators: {
    gpu: { resource: 'gpu', count: 1 },
    pair: { resource: 'gpu', count: 2, pools: ['spot'] },
  },
  priorityClasses: { gold: 'gold', enterprise: 'enterprise', protected: 'protected' },
  spotPreemptions: 2,
  protectedForMs: HOUR,
};

const run = (changes: Partial<Candidate> = {}): Candidate => ({
  ...{ runId: 'r' as RunId, accelerator: null, plan: 'gold', preemptions: 0, lastPreemptedMsAgo: null },
  ...changes,
});
const held = (pool: string, priorityClass: string, units = 1): Holding => ({
  pool,
  priorityClass,
  units,
  resource: 'gpu',
});
const place = (
  candidate: Candidate,
  holdings: Holding[] = [],
  quotas: Quota[] = [],
  counted = holdings,
): Placement | null => placeStart(candidate, { holdings, counted, quotas }, settings);

describe('a run', () => {
  it('goes to the first pool with room, and waits when there is none', () => {
    const two = [held('spot', 'gold'), held('spot', 'gold')];
    expect(place(run())).toEqual({ pool: 'spot', priorityClass: 'gold' });
    expect(place(run(), two)).toEqual({ pool: 'lasting', priorityClass: 'gold' });
    expect(place(run(), [...two, held('lasting', 'gold')])).toBeNull();
  });

  it('needs as much as its accelerator says, in the pools that have it', () => {
    expect(place(run({ accelerator: 'pair' }), [held('spot', 'gold')])).toBeNull();
    expect(place(run({ accelerator: 'mig-1g.10gb' }))).toEqual({ pool: 'slices', priorityClass: 'gold' });
    expect(place(run({ accelerator: 'unheard-of' }))).toBeNull();
  });

  it('of the highest class waits for a machine of the lowest, one for one, and never for its like or a protected one', () => {
    const full = (...classes: string[]): Holding[] =>
      ['spot', 'spot', 'lasting'].map((pool, i) => held(pool, classes[i] ?? 'gold'));
    const enterprise = run({ plan: 'enterprise' });
    expect(place(enterprise, full())).toEqual({ pool: 'spot', priorityClass: 'enterprise' });
    expect(place(enterprise, full('enterprise', 'protected'))).toEqual({
      pool: 'lasting',
      priorityClass: 'enterprise',
    });
    expect(place(enterprise, full('enterprise', 'protected', 'protected'))).toBeNull();
    const taken = [...full(), held('spot', 'enterprise'), held('spot', 'enterprise'), held('lasting', 'enterprise')];
    expect(place(enterprise, taken)).toBeNull();
    expect(place(run(), full())).toBeNull();
  });

  it('that lost its machine within the hour is protected, and on a pool that stays after it has lost two', () => {
    expect(place(run({ preemptions: 1, lastPreemptedMsAgo: HOUR - 1 }))?.priorityClass).toBe('protected');
    expect(place(run({ preemptions: 1, lastPreemptedMsAgo: HOUR }))).toEqual({ pool: 'spot', priorityClass: 'gold' });
    expect(place(run({ preemptions: 2, lastPreemptedMsAgo: HOUR }))).toEqual({
      pool: 'lasting',
      priorityClass: 'gold',
    });
    expect(place(run({ plan: 'enterprise', preemptions: 1, lastPreemptedMsAgo: 1 }))?.priorityClass).toBe('enterprise');
  });

  it('leaves spot machines only for others that its accelerator allows', () => {
    const away = (accelerator: string | null, pool: string): boolean => mayLeaveSpot(accelerator, pool, settings);
    expect([away(null, 'spot'), away(null, 'lasting'), away('pair', 'spot'), away('unheard-of', 'spot')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('starts only where every quota has room, what others use of it and what it counts late included', () => {
    const quota = (hard: Record<string, number>, used: Record<string, number> = {}, classes?: string[]): Quota => ({
      hard,
      used,
      counts: (name) => classes?.includes(name ?? '') ?? true,
    });
    const one = [held('spot', 'gold')];
    expect(place(run(), one, [quota({ 'requests.gpu': 2 }, { 'requests.gpu': 1 })])).not.toBeNull();
    expect(place(run(), one, [quota({ 'requests.gpu': 2 }, { 'requests.gpu': 2 })])).toBeNull();
    // Ordered, and no pod yet: the quota does not know.
    expect(place(run(), one, [quota({ 'requests.gpu': 1 }, { 'requests.gpu': 0 })], [])).toBeNull();
    expect(place(run(), one, [quota({ pods: 1 })])).toBeNull();
    expect(place(run(), one, [quota({ 'requests.mig': 0 }, {})])).not.toBeNull();
    expect(place(run({ plan: 'enterprise' }), one, [quota({ pods: 1 }, {}, ['gold'])])).not.toBeNull();
  });

  it('never makes more wait than there are machines for: whatever comes in whatever order', () => {
    const arrivals = fc.array(
      fc.oneof(
        fc.record({
          plan: fc.constantFrom<Plan>('gold', 'silver', 'enterprise'),
          accelerator: fc.constantFrom('gpu', 'pair', 'mig-1g.10gb'),
          preemptions: fc.nat(3),
          lastPreemptedMsAgo: fc.option(fc.nat(2 * HOUR)),
        }),
        fc.nat(30),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(arrivals, (events) => {
        const holdings: Holding[] = [];
        for (const event of events) {
          if (typeof event === 'number') holdings.splice(event, 1);
          else {
            const at = place(run(event), holdings);
            const { resource, count } = acceleratorOf(event.accelerator, settings) ?? { resource: '', count: 0 };
            if (at) holdings.push({ ...at, resource, units: count });
          }
          for (const { name, slots } of settings.pools) {
            const units = (kept: (holding: Holding) => boolean): number =>
              holdings.filter((one) => one.pool === name && kept(one)).reduce((sum, one) => sum + one.units, 0);
            // Those that nobody may preempt have a machine each, and those who wait for others' machines are no more than these.
            expect(units(({ priorityClass }) => priorityClass !== 'gold')).toBeLessThanOrEqual(slots);
            expect(units(({ priorityClass }) => priorityClass !== 'enterprise')).toBeLessThanOrEqual(slots);
            expect(freeSlots(holdings, settings.pools).every(({ free }) => free >= 0)).toBe(true);
          }
        }
      }),
    );
  });
});
