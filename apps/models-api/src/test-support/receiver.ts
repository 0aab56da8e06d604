import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ReceivedMessage {
  headers: IncomingMessage['headers'];
  body: string;
}

/** A customer's endpoint: a real HTTP server that keeps what it was sent and answers as a test says. */
export class Receiver {
  readonly seen: ReceivedMessage[] = [];
  /** Connections, also those that never sent a request. */
  connections = 0;
  answer: (response: ServerResponse, seen: ReceivedMessage) => void = (response) => response.writeHead(204).end();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('connection', () => (receiver.connections += 1));
    server.on('request', (request, response) => void receiver.take(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}/hook`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Null: broken off by the sender, or by the end of the test.
    const body = await text(request).catch(() => null);
    if (body === null) return;
    const message = { headers: request.headers, body };
    this.seen.push(message);
    this.answer(response, message);
  }
}
