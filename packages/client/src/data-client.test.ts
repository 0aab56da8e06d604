import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataClient } from './data-client';
import { Transport } from './transport';

describe('a download', () => {
  let server: Server;
  let directory: string;
  let data: DataClient;
  let isBroken = false;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'attune-download-'));
    server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'audio/flac', 'content-length': '10' });
      if (isBroken) response.write('half', () => response.destroy());
      else response.end('the whole.');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    data = new DataClient(new Transport({ baseUrl: `http://127.0.0.1:${String(port)}`, apiKey: 'k' }));
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true });
  });

  it('is the whole file, or none', async () => {
    const path = join(directory, 'a.flac');
    isBroken = true;
    await expect(data.downloadAudio(7, 'x', path)).rejects.toThrow();
    expect(await readdir(directory)).toEqual([]);
    isBroken = false;
    await data.downloadAudio(7, 'x', path);
    expect(await readFile(path, 'utf8')).toBe('the whole.');
  });

  it('never overwrites a file', async () => {
    const path = join(directory, 'b.flac');
    await writeFile(path, 'mine');
    await expect(data.downloadAudio(7, 'x', path)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(path, 'utf8')).toBe('mine');
  });
});
