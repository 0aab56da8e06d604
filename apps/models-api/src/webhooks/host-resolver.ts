import { lookup, Resolver } from 'node:dns/promises';

/** Every address of a host, IPv4 and IPv6. Rejects when it has none. */
export type ResolveHost = (host: string) => Promise<string[]>;

const TIMEOUT_MS = 3000;

/** As the system resolves names, or by asking the given name servers (`address` or `address:port`). */
export function hostResolver(servers: readonly string[]): ResolveHost {
  if (servers.length === 0) {
    return async (host) => (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);
  }
  return async (host) => {
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 });
    resolver.setServers(servers);
    const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const found = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length > 0) return found;
    throw four.status === 'rejected' ? four.reason : new Error(`${host} has no address`);
  };
}
