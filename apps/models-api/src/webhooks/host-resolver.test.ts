import { getServers, setServers } from 'node:dns';
import { DnsDouble } from '../test-support/dns-double';
import { hostResolver } from './host-resolver';

let dns: DnsDouble;
const servers = getServers();
beforeAll(async () => {
  dns = await DnsDouble.start();
  setServers([dns.address]);
});
afterAll(() => {
  setServers(servers);
  dns.stop();
});

describe('a host of a receiver', () => {
  it('is found while a hundred others’ name servers do not answer', async () => {
    dns.answers = [['192.0.2.1']];
    dns.silentOn = /^dead/;
    const resolve = hostResolver({ dnsServers: [], allowPrivate: false });
    let given = 0;
    const dead = Array.from({ length: 100 }, (_, n) => resolve(`dead${String(n)}.test`).catch(() => (given += 1)));
    expect(await resolve('alive.test')).toEqual(['192.0.2.1']);
    expect(given).toBe(0);
    await Promise.all(dead);
    expect(given).toBe(100);
  });

  it('is found as the system finds it where private addresses are allowed', async () => {
    const before = dns.asked.length;
    expect(await hostResolver({ dnsServers: [], allowPrivate: true })('localhost')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]),
    );
    expect(dns.asked).toHaveLength(before);
  });
});
