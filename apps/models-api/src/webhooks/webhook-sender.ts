import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { AppError } from '@attune/kernel';
import type { ResolveHost } from './host-resolver';
import { checkTarget, literalAddress, mayConnect, type TargetRules } from './webhook-target';

export interface OutgoingMessage {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** `status` is null when no answer came; `error` is null exactly when it was delivered. */
export interface SendResult {
  status: number | null;
  error: string | null;
}

export interface SenderSettings extends TargetRules {
  resolve: ResolveHost;
  /** Longest time from resolving the host to the end of the answer. */
  timeoutMs: number;
}

/** What a receiver may say is of no interest: so much is read, for politeness, and nothing is kept. */
const ANSWER_BYTES = 64 * 1024;

/**
 * Sends one message to an address that a customer chose. The host is resolved once, every address it has is checked, and
 * only these addresses are connected to, under the host's own name (SNI, Host): a name that changes its mind in between
 * gains nothing. Redirects are not followed, and nothing of the answer leaves but its status.
 */
export class WebhookSender {
  constructor(private readonly settings: SenderSettings) {}

  /** Never rejects. */
  async send(message: OutgoingMessage): Promise<SendResult> {
    const signal = AbortSignal.timeout(this.settings.timeoutMs);
    try {
      const url = checkTarget(message.url, this.settings);
      const addresses = await within(this.addressesOf(url), signal);
      const response = await post(url, addresses, message, signal);
      const status = response.statusCode ?? 0;
      await readSome(response).catch(() => undefined);
      const isDelivered = status >= 200 && status < 300;
      return { status, error: isDelivered ? null : `the receiver answered ${String(status)}` };
    } catch (error) {
      return { status: null, error: signal.aborted ? 'no answer in time' : reasonOf(error) };
    }
  }

  private async addressesOf(url: URL): Promise<string[]> {
    const literal = literalAddress(url);
    const addresses = literal === null ? await this.settings.resolve(url.hostname) : [literal];
    if (addresses.length > 0 && addresses.every((address) => mayConnect(address, this.settings))) return addresses;
    throw new AppError('VALIDATION_ERROR', 'the host has an address inside a private or reserved network');
  }
}

function post(
  url: URL,
  addresses: readonly string[],
  { headers, body }: OutgoingMessage,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    lookup: onlyThese(addresses),
    // A connection of its own: a kept one would go to an address that was checked for another message.
    agent: false,
    signal,
  };
  return new Promise((resolve, reject) => {
    open(url, options).once('response', resolve).once('error', reject).end(body);
  });
}

/** Answers the addresses that were checked, whatever is asked. */
function onlyThese(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    if (options.all === true) callback(null, known);
    else callback(null, known[0]?.address ?? '', known[0]?.family);
  };
}

async function readSome(response: IncomingMessage): Promise<void> {
  let bytes = 0;
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length;
    if (bytes > ANSWER_BYTES) break;
  }
  response.destroy();
}

function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true });
    work.then(resolve, reject);
  });
}

/** For the customer's log: what failed, and no address of anything. */
function reasonOf(error: unknown): string {
  if (error instanceof AppError) return typeof error.details['url'] === 'string' ? error.details['url'] : error.message;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? `the connection failed (${code})` : 'the connection failed';
}
