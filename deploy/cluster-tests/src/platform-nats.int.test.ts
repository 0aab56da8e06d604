import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ensureNats, freePort } from '@attune/embedded';
import { eventually, temporaryDirectory } from '@attune/testing';
import { loadYaml } from '@kubernetes/client-node';
import { k8s } from './test-support/render';

interface Values {
  config: { merge: { authorization: { users: object[] } } };
  container: { env: Record<string, { valueFrom?: { secretKeyRef: { name: string; key: string } } }> };
}

const values = loadYaml<Values>(readFileSync(join(k8s, 'platform', 'nats', 'values.yaml'), 'utf8'));
const keysGuide = readFileSync(join(k8s, '..', 'docs', 'guides', 'operating', 'keys.md'), 'utf8');
/** The user that the guide adds while the services change over. */
const [next = {}] = loadYaml<object[]>(/## NATS[\s\S]*?```yaml\n([\s\S]*?)```/.exec(keysGuide)?.[1] ?? '[]');

describe("the users of the platform's NATS", () => {
  let directory: string;
  const servers: ChildProcess[] = [];
  beforeAll(async () => {
    directory = await temporaryDirectory('platform-nats');
  });
  afterAll(() => {
    for (const server of servers) server.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });

  /** A server with this part of its configuration as the chart writes it: JSON, and `<< $VARIABLE >>` without quotes. */
  async function serverWith(users: readonly object[]): Promise<number> {
    const port = await freePort();
    const merge = Object.assign({}, values.config.merge, {
      listen: `127.0.0.1:${String(port)}`,
      authorization: { users },
    });
    const config = join(directory, `${String(port)}.conf`);
    writeFileSync(config, JSON.stringify(merge).replace(/"<< (\$\w+) >>"/g, '$1'));
    const env = {
      NATS_USER: 'attune',
      NATS_PASSWORD: 'k0123',
      NATS_NEXT_USER: 'successor',
      NATS_NEXT_PASSWORD: 'k4567',
    };
    const server = spawn(await ensureNats(), ['--config', config], { env, stdio: 'ignore' });
    servers.push(server);
    await eventually(async () => expect(await login(port, 'nobody', '')).toContain('Authorization Violation'));
    return port;
  }

  it('is one, with the Secret that the guide names', () => {
    expect(values.config.merge.authorization.users).toEqual([
      { user: '<< $NATS_USER >>', password: '<< $NATS_PASSWORD >>' },
    ]);
    expect(values.container.env).toMatchObject({
      NATS_USER: { valueFrom: { secretKeyRef: { name: 'nats-auth', key: 'user' } } },
      NATS_PASSWORD: { valueFrom: { secretKeyRef: { name: 'nats-auth', key: 'password' } } },
    });
    expect(keysGuide).toContain('`user` and `password` of the Secret `nats-auth` in `attune-platform`');
  });

  it('lets that one in, and nobody else', async () => {
    const port = await serverWith(values.config.merge.authorization.users);
    expect(await login(port, 'attune', 'wrong')).toContain('Authorization Violation');
    expect(await login(port, 'successor', 'k4567')).toContain('Authorization Violation');
  });

  it('lets the next one in beside it, as the guide adds it', async () => {
    const port = await serverWith([...values.config.merge.authorization.users, next]);
    expect(await login(port, 'successor', 'k4567')).toContain('PONG');
    expect(await login(port, 'attune', 'k0123')).toContain('PONG');
  });

  it('lets the next one alone in while it still has the old values, once the first is taken out of the file', async () => {
    const port = await serverWith([next]);
    expect(await login(port, 'successor', 'k4567')).toContain('PONG');
    expect(await login(port, 'attune', 'k0123')).toContain('Authorization Violation');
  });
});

/** What the server says to somebody who logs in. */
async function login(port: number, user: string, pass: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end(`CONNECT ${JSON.stringify({ user, pass, verbose: false })}\r\nPING\r\n`);
  return text(socket);
}
