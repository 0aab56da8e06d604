import type { ServerResponse } from 'node:http';
import { DnsDouble } from '../test-support/dns-double';
import { Receiver } from '../test-support/receiver';
import { hostResolver } from './host-resolver';
import { WebhookSender } from './webhook-sender';

/** Listens where nothing may ever connect to. */
let canary: Receiver;
let dns: DnsDouble;
beforeAll(async () => {
  [canary, dns] = await Promise.all([Receiver.start(), DnsDouble.start()]);
});
afterAll(async () => {
  dns.stop();
  await canary.stop();
});
beforeEach(() => {
  canary.answer = (response) => response.writeHead(204).end();
});

const senderOf = (allowPrivate: boolean, timeoutMs = 30_000) =>
  new WebhookSender({ allowPrivate, timeoutMs, resolve: hostResolver({ allowPrivate, dnsServers: [dns.address] }) });
const send = (sender: WebhookSender, url: string) =>
  sender.send({ url, headers: { 'webhook-id': 'msg_1' }, body: '{}' });

describe('a webhook of a stranger reaches nothing inside: the canary sees no connection', () => {
  it.each([
    ['loopback', '127.0.0.1'],
    ['another loopback', '127.8.8.8'],
    ['decimal', '2130706433'],
    ['octal', '0177.0.0.1'],
    ['hexadecimal', '0x7f000001'],
    ['short', '127.1'],
    ['zero', '0.0.0.0'],
    ['IPv6', '[::1]'],
    ['IPv4-mapped', '[::ffff:127.0.0.1]'],
    ['NAT64', '[64:ff9b::7f00:1]'],
    ['localhost', 'localhost'],
  ])('by the host written as %s', async (_, host) => {
    dns.answers = [['127.0.0.1']];
    for (const protocol of ['https', 'http']) {
      const result = await send(senderOf(false), `${protocol}://${host}:${String(canary.port)}/`);
      expect(result.status).toBeNull();
    }
    expect(canary.connections).toBe(0);
  });

  it('by a name that points inside', async () => {
    dns.answers = [['10.0.0.1', '127.0.0.1']];
    const result = await send(senderOf(false), `https://inside.test:${String(canary.port)}/`);
    expect(result.error).toBe('the host has an address inside a private or reserved network');
    expect(canary.connections).toBe(0);
  });

  it('by a name of which one address of several points inside', async () => {
    dns.answers = [['127.0.0.1', '8.8.8.8']];
    const result = await send(senderOf(false), `https://mixed.test:${String(canary.port)}/`);
    expect(result.error).toBe('the host has an address inside a private or reserved network');
    expect(canary.connections).toBe(0);
  });

  it('by a name that points outside when it is checked and inside when it is called: it is asked for once', async () => {
    dns.asked.length = 0;
    // Nobody is at that address: the attempt ends with its time.
    dns.answers = [['198.41.0.4'], ['127.0.0.1']];
    const result = await send(senderOf(false, 3000), `https://rebinding.test:${String(canary.port)}/`);
    expect(result.status).toBeNull();
    expect(dns.asked).toEqual(['rebinding.test']);
    expect(canary.connections).toBe(0);
  });
});

describe('the sender', () => {
  it('connects to the very address that was checked, under the host’s own name', async () => {
    dns.answers = [['127.0.0.1']];
    const before = canary.seen.length;
    const result = await send(senderOf(true), `http://receiver.test:${String(canary.port)}/`);
    expect(result).toEqual({ status: 204, error: null });
    expect(canary.seen[before]?.headers.host).toBe(`receiver.test:${String(canary.port)}`);
  });

  it('follows no redirect: it is a failure', async () => {
    const inside = await Receiver.start();
    canary.answer = (response) => response.writeHead(302, { location: inside.url }).end();
    expect(await send(senderOf(true), canary.url)).toEqual({ status: 302, error: 'the receiver answered 302' });
    expect(inside.connections).toBe(0);
    await inside.stop();
  });

  it('reads no more of an answer than it must, and tells nothing of it', async () => {
    let written = 0;
    canary.answer = (response) => {
      response.writeHead(500);
      const more = (): void => {
        while (!response.destroyed && response.write('secret'.repeat(10_000))) written += 60_000;
      };
      response.on('drain', more);
      more();
    };
    const result = await send(senderOf(true), canary.url);
    expect(result).toEqual({ status: 500, error: 'the receiver answered 500' });
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  it.each([
    ['never answers', () => undefined],
    ['answers forever', (response: ServerResponse) => response.flushHeaders()],
  ] as [string, (response: ServerResponse) => void][])(
    'waits no longer than its time for a receiver that %s',
    async (_, answer) => {
      canary.answer = answer;
      const started = performance.now();
      await send(senderOf(true, 300), canary.url);
      // For ever, else.
      expect(performance.now() - started).toBeLessThan(30_000);
    },
  );

  it('names what failed, and no address', async () => {
    dns.answers = [['127.0.0.1']];
    const result = await send(senderOf(true), 'http://nobody.test:9/');
    expect(result).toEqual({ status: null, error: 'the connection failed (ECONNREFUSED)' });
  });
});
