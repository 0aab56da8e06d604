/** Why no machine has taken the pod yet, from what the scheduler says: in words that do not change with the number of nodes. */
export function toWaitingReason(message: string): string {
  // "preemption: ..." repeats the nodes of the first part.
  const [unfit = ''] = message.split(/\bpreemption:/);
  if (/Insufficient \S+/.test(unfit))
    return 'All machines of its kind are at work. It waits for one to become free or to be started.';
  if (/no nodes available/.test(unfit) || /didn't match/.test(unfit))
    return 'No machine of its kind is running. It waits for one to be started.';
  if (/untolerated taint|were unschedulable|not ready/.test(unfit))
    return 'The machines of its kind take no work at the moment. It waits for one.';
  return 'It waits for a machine.';
}
