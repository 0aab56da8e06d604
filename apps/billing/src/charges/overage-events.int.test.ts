import { CLOUD_EVENT_STREAM, connectNats } from '@attune/messaging';
import { newId } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { eventually } from '@attune/testing';
import { HOUR_MS, TestBilling } from '../test-support/test-billing';
import { OverageEventsService } from './overage-events.service';

let billing: TestBilling;
beforeAll(async () => {
  billing = await TestBilling.start();
});
afterAll(() => billing.stop());

/** The ids of all events that lie in the stream, in order. Throws while there is no stream. */
async function inStream(): Promise<string[]> {
  const connection = await connectNats({ url: billing.nats.url, name: 'test', logger: createLogger('test', 'silent') });
  const ask = async <T>(subject: string, body = ''): Promise<T> =>
    (await connection.request(`$JS.API.STREAM.${subject}.${CLOUD_EVENT_STREAM}`, body)).json<T>();
  try {
    const { state } = await ask<{ state: { messages: number } }>('INFO');
    const ids: string[] = [];
    for (let seq = 1; seq <= state.messages; seq++) {
      const { message } = await ask<{ message: { data: string } }>('MSG.GET', JSON.stringify({ seq }));
      ids.push((JSON.parse(Buffer.from(message.data, 'base64').toString('utf8')) as { id: string }).id);
    }
    return ids.sort();
  } finally {
    await connection.close();
  }
}

describe('an event for finance', () => {
  it('is in the stream once for each overage, and again with the same id after the broker has lost everything', async () => {
    for (let n = 0; n < 3; n++) await billing.succeed(await billing.aRun([{ name: newId(), ms: 11 * HOUR_MS }]));
    const unsent = () => billing.rows(`SELECT 1 FROM outbox WHERE sent_at IS NULL`);
    const sent = () => billing.rows<{ id: string }>(`SELECT id FROM outbox WHERE sent_at IS NOT NULL ORDER BY id`);
    await eventually(async () => expect(await sent()).toHaveLength(3));
    const ids = (await sent()).map(({ id }) => id);
    expect(await inStream()).toEqual(ids);

    await billing.nats.stop();
    await billing.nats.wipeStore();
    await billing.nats.start();
    await eventually(async () => expect(await inStream()).toEqual([]), { timeoutMs: 20_000 });
    await billing.app.get(OverageEventsService).resendLost();
    await eventually(async () => expect(await unsent()).toEqual([]), { timeoutMs: 20_000 });
    expect(await inStream()).toEqual(ids);
  }, 60_000);
});
