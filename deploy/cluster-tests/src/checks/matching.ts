import type { V1LabelSelector, V1NetworkPolicyIngressRule, V1NetworkPolicyPeer } from '@kubernetes/client-node';

/** Something of others' that ours name: a pod, or a Service. */
export interface Neighbour {
  kind?: 'Pod' | 'Service';
  labels: Readonly<Record<string, string>>;
  /** By name. */
  ports?: Readonly<Record<string, number>>;
}

/** What others install, as far as our policies and monitors name it, by namespace. */
export type Surroundings = ReadonlyMap<string, readonly Neighbour[]>;

/** Whether a selector takes a pod or a namespace with these labels; one that is not there takes all. */
export function matches(selector: V1LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      return operator === 'Exists' ? value !== undefined : value === undefined;
    })
  );
}

/** The client calls this field `_from`; YAML does not. */
export function fromOf(rule: V1NetworkPolicyIngressRule): V1NetworkPolicyPeer[] {
  return rule._from ?? (rule as { from?: V1NetworkPolicyPeer[] }).from ?? [];
}
