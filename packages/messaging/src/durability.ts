/** `/jsz` of a NATS server, as far as it says when a stored message is on the disk. */
interface JetStreamState {
  config?: { sync_always?: boolean; sync_interval?: number };
}

const TIMEOUT_MS = 1_500;
const NANOSECONDS = 1e9;

/**
 * Throws unless every server writes a message to its disk before it says that it has it: by default it says so up to two
 * minutes earlier, and a power cut then loses what nobody sends again. `urls`: the servers' monitoring, separated by commas.
 */
export async function checkDurability(urls: string): Promise<void> {
  await Promise.all(urls.split(',').map((url) => checkServer(url.trim())));
}

async function checkServer(url: string): Promise<void> {
  const { config } = await ask(new URL('/jsz', url));
  if (config?.sync_always === true) return;
  const interval = config?.sync_interval;
  const instead = interval === undefined ? 'JetStream is off' : `it is ${String(interval / NANOSECONDS)} s`;
  throw new Error(`NATS may lose what it has acknowledged: its sync_interval must be "always", ${instead}`);
}

async function ask(url: URL): Promise<JetStreamState> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`status ${String(answer.status)}`);
    return (await answer.json()) as JetStreamState;
  } catch (error) {
    throw new Error(`NATS does not say how it stores: ${url.href} does not answer`, { cause: error });
  }
}
