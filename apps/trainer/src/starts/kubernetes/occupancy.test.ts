import { hasMachine, toPodHolding, toQuota } from './occupancy';

describe('what the cluster holds', () => {
  it('is read from a pod: pool, class and the extended resource', () => {
    const spec = {
      priorityClassName: 'gold',
      nodeSelector: { 'attune.dev/pool': 'spot' },
      containers: [{ name: 'runner', resources: { limits: { memory: '24Gi', 'nvidia.com/gpu': '2' } } }],
    };
    expect(toPodHolding({ spec })).toEqual({
      resource: 'nvidia.com/gpu',
      units: 2,
      pool: 'spot',
      priorityClass: 'gold',
    });
  });

  it('is held by a pod until it has ended, though it is asked to', () => {
    const metadata = { deletionTimestamp: new Date() };
    const phases = ['Pending', 'Running', 'Succeeded', 'Failed'];
    expect(phases.map((phase) => hasMachine({ metadata, status: { phase } }))).toEqual([true, true, false, false]);
  });

  const scoped = (operator: string, values?: string[]) => ({
    spec: {
      scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, ...(values ? { values } : {}) }] },
    },
  });
  it.each([
    ['without a scope', {}, true, true],
    ['of a class', scoped('In', ['gold']), true, false],
    ['of all other classes', scoped('NotIn', ['gold']), false, true],
    ['of any class', scoped('Exists'), true, true],
    ['for pods without a deadline', { spec: { scopes: ['NotTerminating'] } }, false, false],
  ])('a quota %s counts the starts that it is for', (_, quota, gold, enterprise) => {
    const { counts } = toQuota(quota);
    expect([counts('gold'), counts('enterprise')]).toEqual([gold, enterprise]);
  });

  it('a quota has counts of things', () => {
    const { hard, used } = toQuota({
      spec: { hard: { 'requests.nvidia.com/gpu': '4', pods: '1k' } },
      status: { used: { 'requests.nvidia.com/gpu': '3' } },
    });
    expect([hard, used]).toEqual([{ 'requests.nvidia.com/gpu': 4, pods: 1000 }, { 'requests.nvidia.com/gpu': 3 }]);
  });
});
