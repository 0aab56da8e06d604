import type { EventName } from '@attune/events';
import { register } from '@attune/observability';

/** How many events of this name have changed nothing so far, because something newer had come before; of this process. */
export async function staleOf(event: EventName): Promise<number> {
  const counter = (await register.getSingleMetric('attune_events_stale_total')?.get()) as
    { values: { value: number; labels: { event?: string } }[] } | undefined;
  return counter?.values.find(({ labels }) => labels.event === event)?.value ?? 0;
}
