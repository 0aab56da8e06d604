import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { cloudEvent } from '@attune/events';
import { newId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { HOUR_MS, TestBilling } from './test-support/test-billing';

const EXAMPLE = join(__dirname, '..', '..', '..', 'docs', 'guides', 'billing-consumer', 'forward.js');
const schema = cloudEvent('billing.overage-recorded.v1').array();
jest.setTimeout(240_000);

/** A metering service as OpenMeter is one: takes batches of CloudEvents, drops what it has by source and id, and fails as services do. */
class MeteringService {
  readonly stored = new Map<string, { run: string; cents: number }>();
  readonly types = new Set<string | undefined>();
  received = 0;
  requests = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<MeteringService> {
    const server = createServer();
    const service = new MeteringService(server);
    server.on('request', (request, response) => void service.take(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}/api/v1/events`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.requests += 1;
    this.types.add(request.headers['content-type']);
    // In turn: away, busy, and gone after it has stored everything.
    if (this.requests % 4 === 1) {
      response.writeHead(500).end();
      return;
    }
    if (this.requests % 4 === 2) {
      response.writeHead(429).end();
      return;
    }
    for (const event of schema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')))) {
      this.received += 1;
      this.stored.set(`${event.source} ${event.id}`, { run: event.data.run_id, cents: event.data.amount_cents });
    }
    if (this.requests % 4 === 3) request.socket.destroy();
    else response.writeHead(204).end();
  }
}

describe('finance', () => {
  let billing: TestBilling;
  let metering: MeteringService;
  let consumer: ChildProcess | null = null;
  beforeAll(async () => {
    [billing, metering] = await Promise.all([TestBilling.start(), MeteringService.start()]);
  });
  afterAll(async () => {
    await stopConsumer('SIGKILL');
    await Promise.all([billing.stop(), metering.stop()]);
  });

  function startConsumer(): void {
    consumer = spawn(process.execPath, [EXAMPLE], {
      stdio: ['ignore', 'ignore', 'ignore'],
      env: { PATH: process.env.PATH, NATS_URL: billing.nats.url, METERING_URL: metering.url, FIRST_RETRY_MS: '50' },
    });
  }
  async function stopConsumer(signal: NodeJS.Signals): Promise<void> {
    if (!consumer || consumer.exitCode !== null || consumer.signalCode !== null) return;
    const exit = once(consumer, 'exit');
    consumer.kill(signal);
    await exit;
  }
  const overages = async (count: number) => {
    const runs: string[] = [];
    for (let n = 0; n < count; n++) {
      const run = await billing.aRun([{ name: newId(), ms: 11 * HOUR_MS }]);
      runs.push(run.run_id);
      await billing.succeed(run);
    }
    return runs;
  };

  it('gets every overage by the example of the guide, once each by source and id, though the metering service fails and the example is killed', async () => {
    startConsumer();
    const first = await overages(20);
    await eventually(() => expect(metering.stored.size).toBeGreaterThan(0), { timeoutMs: 60_000 });
    await stopConsumer('SIGKILL');
    const later = await overages(20);
    startConsumer();
    const expected = [...first, ...later].sort();
    await eventually(() => expect(metering.stored.size).toBe(expected.length), { timeoutMs: 80_000 });
    const runs = [...metering.stored.values()];
    expect(runs.map(({ run }) => run).sort()).toEqual(expected);
    expect(runs.every(({ cents }) => cents === 5_000)).toBe(true);
    // What was stored when the connection broke comes again, at the latest when the broker no longer waits for the killed one (30 s).
    await eventually(() => expect(metering.received).toBeGreaterThan(expected.length), { timeoutMs: 80_000 });
    expect(metering.stored.size).toBe(expected.length);
    expect([...metering.types]).toEqual(['application/cloudevents-batch+json']);
    await stopConsumer('SIGTERM');
  });
});
