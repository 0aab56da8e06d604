import { startTestNats, type TestNats } from '@attune/testing';
import { Messaging } from './messaging';
import { connectNats } from './nats';
import { Fixture, logger } from './test-support/fixture';

describe('a service that is told where NATS can be asked', () => {
  let fixture: Fixture;
  let careless: TestNats;

  beforeAll(async () => {
    [fixture, careless] = await Promise.all([Fixture.create(), startTestNats({ durable: false })]);
  });
  afterAll(() => Promise.all([fixture.remove(), careless.remove()]));

  /** What readiness says of messaging over this NATS. */
  const check = async (nats: TestNats, monitorUrl: string): Promise<void> => {
    const connection = await connectNats({ url: nats.url, name: 'durability', logger });
    const messaging = new Messaging({ service: 'models', database: fixture.database, connection, logger, monitorUrl });
    await messaging.start([]);
    try {
      await messaging.check();
    } finally {
      await messaging.stop();
      await connection.close();
    }
  };

  it('is ready over a NATS that writes a message to its disk before it acknowledges it', async () => {
    const answer = await fetch(new URL('/jsz', fixture.nats.monitorUrl));
    expect(await answer.json()).toMatchObject({ config: { sync_always: true } });
    await expect(check(fixture.nats, fixture.nats.monitorUrl)).resolves.toBeUndefined();
  });

  it('is not ready over one that acknowledges first, and says why', async () => {
    await expect(check(careless, careless.monitorUrl)).rejects.toThrow(
      'NATS may lose what it has acknowledged: its sync_interval must be "always", it is 120 s',
    );
  });

  it('is not ready when one of several servers acknowledges first, or cannot be asked', async () => {
    const both = `${fixture.nats.monitorUrl}, ${careless.monitorUrl}`;
    await expect(check(fixture.nats, both)).rejects.toThrow('sync_interval must be "always"');
    await expect(check(fixture.nats, 'http://127.0.0.1:1')).rejects.toThrow('does not answer');
  });
});
