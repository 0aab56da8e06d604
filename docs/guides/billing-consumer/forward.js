/**
 * Hands Attune's billing events to a metering service that takes CloudEvents, such as OpenMeter: POST of a batch, 2xx when it has them.
 *
 *   NATS_URL=nats://127.0.0.1:4222 METERING_URL=http://127.0.0.1:8888/api/v1/events node forward.js
 *
 * An event is acknowledged only after the metering service has taken it, so none is lost; after a crash, or an answer that got lost, it is
 * sent again with the same `source` and `id`, by which the service drops what it has. METERING_TOKEN is sent as a bearer token.
 */
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, nanos } from '@nats-io/transport-node';

const STREAM = 'ATTUNE_BILLING_EVENTS';
const SUBJECT = 'attune.cloudevents.billing.overage-recorded.v1';
const DURABLE = process.env.CONSUMER_NAME ?? 'metering';
const BATCH = 100;
const ANSWER_WITHIN_MS = 15_000;

const { NATS_URL, METERING_URL, METERING_TOKEN } = process.env;
if (!NATS_URL || !METERING_URL) {
  console.error('set NATS_URL and METERING_URL');
  process.exit(2);
}

const address = new URL(NATS_URL);
const connection = await connect({
  servers: address.host,
  name: 'billing-consumer',
  maxReconnectAttempts: -1,
  ...(address.password
    ? { user: decodeURIComponent(address.username), pass: decodeURIComponent(address.password) }
    : {}),
});
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => (stopping = true));

while (!stopping) {
  try {
    await forwardAll(await openConsumer());
  } catch (error) {
    // The stream is not there yet, or NATS has lost it: Attune makes it anew, and so is the consumer.
    console.error(`waiting: ${error.message}`);
    await pause(1_000);
  }
}
await connection.drain();

/** Durable: it goes on where it was, also after this program was away. */
async function openConsumer() {
  const manager = await jetstreamManager(connection);
  await manager.consumers.add(STREAM, {
    durable_name: DURABLE,
    filter_subject: SUBJECT,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(2 * ANSWER_WITHIN_MS),
    max_deliver: -1,
  });
  return jetstream(connection).consumers.get(STREAM, DURABLE);
}

async function forwardAll(consumer) {
  while (!stopping) {
    const messages = [];
    for await (const message of await consumer.fetch({ max_messages: BATCH, expires: 1_000 })) messages.push(message);
    if (messages.length > 0) await forward(messages);
  }
}

/** Acknowledges what was taken; what was not comes again, later each time. */
async function forward(messages) {
  const refusal = await post(messages);
  if (refusal === null) {
    for (const message of messages) message.ack();
    return;
  }
  if (refusal.forGood && messages.length > 1) {
    // One bad event must not hold up the others.
    for (const message of messages) await forward([message]);
    return;
  }
  console.error(`not taken (${refusal.reason}): ${messages.length} event(s), first ${messages[0].json().id}`);
  for (const message of messages) message.nak(delayOf(message));
}

/** Null when the service has taken all of them. */
async function post(messages) {
  try {
    const answer = await fetch(METERING_URL, {
      method: 'POST',
      headers: {
        'content-type': 'application/cloudevents-batch+json',
        ...(METERING_TOKEN ? { authorization: `Bearer ${METERING_TOKEN}` } : {}),
      },
      body: `[${messages.map((message) => message.string()).join(',')}]`,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    await answer.arrayBuffer();
    if (answer.ok) return null;
    const busy = answer.status === 429 || answer.status === 408;
    return { reason: `status ${answer.status}`, forGood: answer.status < 500 && !busy };
  } catch (error) {
    return { reason: error.message, forGood: false };
  }
}

/** A second, doubled each time, a minute at most: in milliseconds. */
function delayOf(message) {
  return Math.min(60_000, Number(process.env.FIRST_RETRY_MS ?? 1_000) * 2 ** (message.info.deliveryCount - 1));
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
