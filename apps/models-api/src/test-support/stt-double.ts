import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface SeenRequest {
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** The other end of the proxy: a real HTTP server that keeps what it was sent and answers as a test says. */
export class SttDouble {
  readonly seen: SeenRequest[] = [];
  aborted = 0;
  answer: (response: ServerResponse) => void = (response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end('{"text":"hello"}');
  };

  private constructor(private readonly server: Server) {}

  static async start(): Promise<SttDouble> {
    const server = createServer();
    const double = new SttDouble(server);
    server.on('request', (request, response) => void double.take(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('close', () => {
      if (!response.writableFinished) this.aborted += 1;
    });
    const body = await buffer(request).catch(() => null);
    if (body === null) return;
    this.seen.push({ url: request.url, headers: request.headers, body });
    this.answer(response);
  }
}
