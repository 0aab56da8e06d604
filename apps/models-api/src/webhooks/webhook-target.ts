import ipaddr from 'ipaddr.js';
import { invalidWebhookUrl } from './webhook.errors';

export interface TargetRules {
  /** Lets webhooks go to HTTP addresses and private networks: for a platform and receivers on one machine, and for tests. */
  allowPrivate: boolean;
}

/**
 * Throws VALIDATION_ERROR for an address that may not be called. A host that is a number in any spelling (decimal, octal,
 * hexadecimal) arrives here as the address that it is: URL parsing has turned it into one.
 */
export function checkTarget(text: string, { allowPrivate }: TargetRules): URL {
  if (!URL.canParse(text)) throw invalidWebhookUrl('must be a URL');
  const url = new URL(text);
  const protocols = allowPrivate ? ['https:', 'http:'] : ['https:'];
  if (!protocols.includes(url.protocol)) throw invalidWebhookUrl(`must begin with ${protocols.join('// or ')}//`);
  if (url.username !== '' || url.password !== '') throw invalidWebhookUrl('must not contain a user or password');
  const address = literalAddress(url);
  if (address !== null && !mayConnect(address, { allowPrivate }))
    throw invalidWebhookUrl('must not be an address inside a private or reserved network');
  return url;
}

/** The address that a URL's host is, if it is one and no name. */
export function literalAddress({ hostname }: URL): string | null {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(host) ? host : null;
}

/** IPv6 ranges that reach IPv4 addresses or a site's own network, and that ipaddr.js knows as ordinary or not at all. */
const otherDenied = ['::/96', '64:ff9b:1::/48', 'fec0::/10', '5f00::/16'].map((range) => ipaddr.parseCIDR(range));

/**
 * Whether an address may be connected to. Only ordinary public ones may: loopback, private, link-local, carrier-grade NAT,
 * multicast, reserved and documentation ranges may not, nor any IPv6 form in which an IPv4 address hides.
 */
export function mayConnect(text: string, { allowPrivate }: TargetRules): boolean {
  if (allowPrivate) return true;
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return !otherDenied.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits));
}
