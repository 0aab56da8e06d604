import { Webhook as Verifier } from 'standardwebhooks';
import { makeWebhookSecret, nextAttemptInMs, retryDelaysMs, signMessage } from './webhook';

const HOUR_MS = 3_600_000;

const message = (body = '{"type":"ping"}') => ({ id: 'msg_1', timestampSeconds: Math.floor(Date.now() / 1000), body });
const headersOf = (sent: ReturnType<typeof message>, secrets: string[]) => ({
  'webhook-id': sent.id,
  'webhook-timestamp': String(sent.timestampSeconds),
  'webhook-signature': signMessage(sent, secrets),
});

describe('a signature', () => {
  it('is what the official library verifies, with a secret that it accepts', () => {
    const secret = makeWebhookSecret();
    const sent = message('{"type":"ping","data":{"name":"Müller"}}');
    expect(new Verifier(secret).verify(sent.body, headersOf(sent, [secret]))).toEqual(JSON.parse(sent.body));
    expect(new Verifier(secret).sign(sent.id, new Date(sent.timestampSeconds * 1000), sent.body)).toBe(
      signMessage(sent, [secret]),
    );
  });

  it('of two secrets is verified with either, and with no other', () => {
    const [now, before] = [makeWebhookSecret(), makeWebhookSecret()];
    const sent = message();
    const headers = headersOf(sent, [now, before]);
    expect(headers['webhook-signature'].split(' ')).toHaveLength(2);
    for (const secret of [now, before]) expect(() => new Verifier(secret).verify(sent.body, headers)).not.toThrow();
    expect(() => new Verifier(makeWebhookSecret()).verify(sent.body, headers)).toThrow();
  });

  it.each([
    ['another body', { body: '{"type":"pong"}' }],
    ['another id', { id: 'msg_2' }],
    ['another time', { timestampSeconds: Math.floor(Date.now() / 1000) - 60 }],
  ])('does not verify %s', (_, change) => {
    const secret = makeWebhookSecret();
    const changed = { ...message(), ...change };
    const headers = { ...headersOf(changed, [secret]), 'webhook-signature': signMessage(message(), [secret]) };
    expect(() => new Verifier(secret).verify(changed.body, headers)).toThrow();
  });
});

describe('the schedule', () => {
  it('has ten attempts in about 75 hours', () => {
    const total = retryDelaysMs.reduce((sum, delayMs) => sum + delayMs, 0);
    expect(retryDelaysMs).toHaveLength(9);
    expect(total / HOUR_MS).toBeCloseTo(75.6, 1);
    expect(nextAttemptInMs(10, 0.5)).toBeNull();
  });

  it('is spread by a tenth to either side', () => {
    expect([0, 0.5, 1].map((random) => nextAttemptInMs(2, random))).toEqual([270_000, 300_000, 330_000]);
  });
});
