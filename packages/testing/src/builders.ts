import { eventSchemas, ownerOf, type Event, type EventName, type EventPayload } from '@attune/events';
import { newId } from '@attune/kernel';

/** An event as it arrives at a consumer; the payload is checked against the catalogue. */
export function anEvent<N extends EventName>(
  name: N,
  data: EventPayload<N>,
  fields: Partial<Pick<Event, 'id' | 'organization_id' | 'time'>> = {},
): Event<N> {
  return {
    id: newId(),
    name,
    source: ownerOf(name),
    organization_id: newId(),
    time: new Date().toISOString(),
    ...fields,
    data: eventSchemas[name].parse(data),
  };
}
