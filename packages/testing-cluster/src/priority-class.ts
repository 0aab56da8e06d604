/** A PriorityClass as `cluster.apply` takes it. */
export function priorityClass(name: string, value: number, preemptionPolicy: 'Never' | 'PreemptLowerPriority'): object {
  return { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, preemptionPolicy };
}
