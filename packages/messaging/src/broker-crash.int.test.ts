import { delay } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { Broker } from './broker';
import { connectNats } from './nats';
import { times } from './test-support/counts';
import { Fixture, logger } from './test-support/fixture';

const KILLS = times(3, 50);
const EACH = times(300, 10_000);
const AT_ONCE = 50;
const STREAM = 'ATTUNE_MODELS';

/** As Jepsen checks a set: what was acknowledged must be there, and nothing may be there that nobody sent. */
interface SetCheck {
  lost: string[];
  unexpected: number;
}

describe('a broker that is killed in the middle of many publishes', () => {
  let fixture: Fixture;
  let connection: NatsConnection;
  let broker: Broker;
  const sent = new Set<string>();
  const acknowledged: string[] = [];

  beforeAll(async () => {
    fixture = await Fixture.create();
    connection = await connectNats({ url: fixture.nats.url, name: 'set', logger });
    broker = await Broker.open(connection, logger);
  });
  afterAll(async () => {
    await connection.close();
    await fixture.remove();
  });

  const publishOne = async (id: string): Promise<void> => {
    sent.add(id);
    const message = { id, eventName: 'models.model-deleted.v1', aggregateId: 'set', envelope: JSON.stringify(id) };
    await broker.publish(message).then(
      () => acknowledged.push(id),
      () => undefined,
    );
  };

  /** Publishes many at a time; freezes the broker when half is acknowledged, then kills it with messages in its hands. */
  const round = async (number: number): Promise<void> => {
    const ids = Array.from({ length: EACH }, (_, index) => `${String(number)}-${String(index)}`);
    const before = acknowledged.length;
    const lane = async (): Promise<void> => {
      for (let id = ids.shift(); id !== undefined && broker.isConnected; id = ids.shift()) await publishOne(id);
    };
    const lanes = Promise.all(Array.from({ length: AT_ONCE }, lane));
    await eventually(() => expect(acknowledged.length).toBeGreaterThanOrEqual(before + EACH / 2), {
      everyMs: 1,
      timeoutMs: 60_000,
    });
    fixture.nats.freeze();
    await delay(50);
    await fixture.nats.crash();
    await lanes;
    await fixture.nats.start();
    await eventually(() => expect(broker.isConnected).toBe(true), { timeoutMs: 60_000 });
  };

  const check = async (): Promise<SetCheck> => {
    const stored = new Set<string>();
    const consumer = await jetstream(connection).consumers.get(STREAM);
    const { num_pending: pending } = await consumer.info();
    let left = pending;
    while (left > 0) {
      for await (const message of await consumer.fetch({ max_messages: Math.min(left, 1_000), expires: 10_000 })) {
        stored.add(message.json<string>());
        left--;
      }
    }
    const places = acknowledged.map((id, index) => ({ id, index })).filter(({ id }) => !stored.has(id));
    return {
      lost: places.map(({ id, index }) => `${id} (${placeOf(index, acknowledged.length)})`),
      unexpected: [...stored].filter((id) => !sent.has(id)).length,
    };
  };

  it(
    'has everything that it acknowledged, and nothing that was not sent',
    async () => {
      for (let number = 1; number <= KILLS; number++) await round(number);
      // Something must have been under way when it died, else nothing was shown.
      expect(sent.size).toBeGreaterThan(acknowledged.length);
      expect(await check()).toEqual({ lost: [], unexpected: 0 });
    },
    times(240_000, 3_600_000),
  );
});

/** A loss at the end is another fault than one in the middle. */
function placeOf(index: number, count: number): string {
  if (index < count / 10) return 'prefix';
  return index < (count * 9) / 10 ? 'middle' : 'postfix';
}
