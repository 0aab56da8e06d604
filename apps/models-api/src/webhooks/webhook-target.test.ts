import { checkTarget, mayConnect } from './webhook-target';

const strict = { allowPrivate: false };

describe('an address may not be connected to', () => {
  it.each([
    ['this host', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['loopback', '127.0.0.1'],
    ['loopback, its end', '127.255.255.254'],
    ['10/8', '10.0.0.1'],
    ['172.16/12', '172.31.255.255'],
    ['192.168/16', '192.168.1.1'],
    ['link-local, where clouds keep their credentials', '169.254.169.254'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['protocol assignments', '192.0.0.1'],
    ['documentation', '203.0.113.9'],
    ['benchmarking', '198.18.0.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['IPv6 unspecified', '::'],
    ['IPv6 loopback', '::1'],
    ['IPv4-mapped', '::ffff:127.0.0.1'],
    ['IPv4-mapped, public', '::ffff:8.8.8.8'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['local NAT64', '64:ff9b:1::7f00:1'],
    ['6to4', '2002:7f00:1::'],
    ['Teredo', '2001:0:7f00:1::'],
    ['unique local', 'fd00::1'],
    ['IPv6 link-local', 'fe80::1'],
    ['with a zone', 'fe80::1%lo'],
    ['site-local', 'fec0::1'],
    ['IPv6 multicast', 'ff02::1'],
    ['IPv6 documentation', '2001:db8::1'],
    ['what is none', 'localhost'],
  ])('%s: %s', (_, address) => {
    expect(mayConnect(address, strict)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::200e'])(
    'but %s may',
    (address) => {
      expect(mayConnect(address, strict)).toBe(true);
    },
  );
});

describe('a URL is refused', () => {
  it.each([
    ['without TLS', 'http://example.com/'],
    ['of another kind', 'ftp://example.com/'],
    ['with a password', 'https://user:secret@example.com/'],
    ['that is none', 'example.com'],
    ['of a private address', 'https://10.0.0.1/'],
    ['in decimal', 'https://2130706433/'],
    ['in octal', 'https://0177.0.0.1/'],
    ['in hexadecimal', 'https://0x7f.1/'],
    ['in full-width digits', 'https://\uff11\uff12\uff17.0.0.1/'],
    ['with a short form', 'https://127.1/'],
    ['IPv6', 'https://[::1]/'],
    ['IPv4-mapped', 'https://[::ffff:169.254.169.254]/'],
  ])('%s: %s', (_, url) => {
    expect(() => checkTarget(url, strict)).toThrow(expect.objectContaining({ code: 'VALIDATION_ERROR' }) as Error);
  });

  it('but not an HTTPS one of a name, nor a local one where the operator allows it', () => {
    expect(checkTarget('https://example.com/hook?x=1', strict).hostname).toBe('example.com');
    expect(checkTarget('http://127.0.0.1:9000/', { allowPrivate: true }).port).toBe('9000');
  });
});
