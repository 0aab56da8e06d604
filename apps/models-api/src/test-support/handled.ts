import type { connectNats } from '@attune/messaging';
import { eventually } from '@attune/testing';

/** Far longer than a broker takes that is there. */
export const BROKER_MS = 10_000;

/** What JetStream says of a consumer. */
interface ConsumerState {
  name: string;
  num_pending: number;
  num_ack_pending: number;
  config: { filter_subject: string };
  delivered: { stream_seq: number };
}

/**
 * Resolves when every consumer has handled all that lies in the streams. `newest`: where the newest events stand that a test published,
 * by subject; the broker counts an event as pending a little after it has stored it.
 */
export async function untilHandled(
  connection: Awaited<ReturnType<typeof connectNats>>,
  newest: ReadonlyMap<string, number>,
): Promise<void> {
  const ask = async <T>(subject: string): Promise<T> =>
    (await connection.request(`$JS.API.${subject}`, '', { timeout: BROKER_MS })).json<T>();
  const isBehind = ({ num_pending, num_ack_pending, config, delivered }: ConsumerState): boolean =>
    num_pending + num_ack_pending > 0 || delivered.stream_seq < (newest.get(config.filter_subject) ?? 0);
  const { streams } = await ask<{ streams: string[] }>('STREAM.NAMES');
  await eventually(async () => {
    for (const stream of streams) {
      const { consumers } = await ask<{ consumers: ConsumerState[] }>(`CONSUMER.LIST.${stream}`);
      const behind = consumers.find(isBehind);
      if (behind) throw new Error(`${behind.name} is behind`);
    }
  });
}
