import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { delay } from '@attune/kernel';
import { connectClient } from './wait';

it('a server that takes the connection and says nothing, as a frozen one does, is waited for like one that is away', async () => {
  const taken: Socket[] = [];
  const server = createServer((socket) => taken.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connecting = connectClient(
    `postgres://a:b@127.0.0.1:${String(port)}/c`,
    { applicationName: 'test' },
    { timeoutMs: 8_000 },
  );
  const outcome = connecting.then(
    () => 'connected',
    (error: unknown) => error,
  );
  // The driver gives a connection up after five seconds; there is time for another.
  while (taken.length < 2 && (await Promise.race([outcome, delay(50).then(() => null)])) === null);
  expect(taken.length).toBeGreaterThanOrEqual(2);
  expect(await outcome).toMatchObject({ message: 'timeout expired' });
  server.close();
  for (const socket of taken) socket.destroy();
}, 60_000);
