import { getServers } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import type { WebhookSettings } from './webhook-settings';

/** Every address of a host, IPv4 and IPv6. Rejects when it has none. */
export type ResolveHost = (host: string) => Promise<string[]>;

const TIMEOUT_MS = 3000;
const TRIES = 2;

/**
 * By asking name servers, the system's unless others are named: a question waits on a socket, and holds up nobody else's. Only
 * where private addresses are allowed names are found as the system does, in /etc/hosts too: that takes one of the four threads
 * that all of the process shares, so a customer's name server that never answers would delay everybody.
 */
export function hostResolver({ dnsServers, allowPrivate }: WebhookSettings): ResolveHost {
  return dnsServers.length === 0 && allowPrivate ? resolveAsSystem : (host) => askServers(host, dnsServers);
}

async function resolveAsSystem(host: string): Promise<string[]> {
  return (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);
}

async function askServers(host: string, servers: readonly string[]): Promise<string[]> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  resolver.setServers(servers.length > 0 ? servers : getServers());
  const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length > 0) return found;
  throw four.status === 'rejected' ? four.reason : new Error(`${host} has no address`);
}
