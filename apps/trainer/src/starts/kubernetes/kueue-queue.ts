import type { V1Job } from '@kubernetes/client-node';

/**
 * Makes a Job what Kueue wants it to be: suspended, with the name of its queue. From then on `suspend` is Kueue's word on it:
 * false while it may run, true again when its GPU is taken back. Then this start is over, and the run's next one comes from
 * our own queue: Kueue would let the same Job go once more, but a start is claimed only once.
 *
 * Protected starts have a queue of their own, where nobody preempts and nobody is preempted: of a priority class Kueue reads
 * the value and not the preemptionPolicy.
 */
export function queueInKueue(job: V1Job, queue: string, protectedClass: string): V1Job {
  const { metadata, spec } = job;
  if (!metadata || !spec) throw new Error('a Job without metadata or spec');
  const isProtected = spec.template.spec?.priorityClassName === protectedClass;
  const name = isProtected ? `${queue}-protected` : queue;
  metadata.labels = { ...metadata.labels, 'kueue.x-k8s.io/queue-name': name };
  // Kueue's webhook would suspend it too; so it is even where that is away.
  spec.suspend = true;
  return job;
}
