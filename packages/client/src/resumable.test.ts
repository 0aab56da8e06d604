import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendResumably } from './resumable';
import { Transport } from './transport';

const MIB = 1024 * 1024;

/** tus 1.0 in small: keeps what comes of a request, also of one that breaks. `breakAt`: offsets at which the server hangs up. */
class TusServer {
  private chunks: Buffer[] = [];
  private bytes = 0;
  metadata = '';
  breakAt: number[] = [];

  private constructor(readonly server: Server) {}

  static async start(): Promise<TusServer> {
    const server = createServer();
    const tus = new TusServer(server);
    server.on('request', (request, response) => void tus.answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return tus;
  }

  get content(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') {
      this.metadata = String(request.headers['upload-metadata']);
      response.writeHead(201, { location: '/api/v3/uploads/7' }).end();
      return;
    }
    if (request.method === 'PATCH') {
      if (Number(request.headers['upload-offset']) !== this.bytes) {
        const body = { error: 'Conflict', message: 'No', error_code: 'UPLOAD_OFFSET_CONFLICT', details: {} };
        response.writeHead(409, { 'content-type': 'application/json' }).end(JSON.stringify(body));
        return;
      }
      for await (const chunk of request) {
        this.chunks.push(chunk as Buffer);
        this.bytes += (chunk as Buffer).length;
        const breakAt = this.breakAt[0];
        if (breakAt === undefined || this.bytes < breakAt) continue;
        this.breakAt.shift();
        request.socket.destroy();
        return;
      }
    }
    const offset = String(this.bytes);
    if (request.method === 'GET') {
      response.writeHead(200, { 'upload-offset': offset, 'content-type': 'application/json' }).end('{}');
    } else response.writeHead(204, { 'upload-offset': offset }).end();
  }
}

describe('a file that is sent in pieces', () => {
  let tus: TusServer;
  let directory: string;
  let file: Buffer;
  let path: string;

  beforeAll(async () => {
    tus = await TusServer.start();
    directory = await mkdtemp(join(tmpdir(), 'attune-resumable-'));
    file = randomBytes(40 * MIB);
    path = join(directory, 'letters.zip');
    await writeFile(path, file);
  });
  afterAll(async () => {
    tus.server.close();
    tus.server.closeAllConnections();
    await rm(directory, { recursive: true });
  });

  it('goes on where a broken connection left it, and arrives whole', async () => {
    tus.breakAt = [5 * MIB, 20 * MIB, 35 * MIB];
    let told = 0;
    const transport = new Transport({ baseUrl: tus.url, apiKey: 'k' });
    const id = await sendResumably(transport, path, { onBytes: (bytes) => (told += bytes) });
    expect(id).toBe('7');
    expect(tus.content.equals(file)).toBe(true);
    expect(tus.metadata).toBe(`filename ${Buffer.from('letters.zip').toString('base64')}`);
    expect(told).toBeLessThanOrEqual(file.length);
    expect(tus.breakAt).toEqual([]);
  });

  it('gives up with the reason when nobody answers any more', async () => {
    const transport = new Transport({ baseUrl: 'http://127.0.0.1:9', apiKey: 'k' });
    await expect(sendResumably(transport, path, {})).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
