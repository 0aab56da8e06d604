import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { durableOf, streamOfEvent } from '@attune/messaging';
import { ErasuresConsumer } from './erasures.consumer';
import { ItemsConsumer } from './items.consumer';

const component = join(__dirname, '..', '..', '..', '..', 'k8s', 'components', 'keda', 'ingestion.yaml');

it('KEDA watches every place that ingestion keeps in a stream: an event that it overlooks would wait for ever while no replica is there', () => {
  const consumers = [
    new ItemsConsumer(undefined as never, { concurrency: 1 } as never),
    new ErasuresConsumer(undefined as never),
  ];
  const places = consumers.flatMap(({ definition: { name, events } }) =>
    events.map((event) => `${streamOfEvent(event)} ${durableOf(name, event)}`),
  );
  const watched = readFileSync(component, 'utf8').matchAll(/stream: (\S+)\n +consumer: (\S+)/g);
  expect(Array.from(watched, ([, stream, consumer]) => `${String(stream)} ${String(consumer)}`).sort()).toEqual(
    places.sort(),
  );
});
