import { createServer, type Server, type ServerResponse } from 'node:http';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { messageOf } from '@attune/kernel';
import { register } from '@attune/observability';
import { Readiness } from './readiness';

/** Where metrics and health are served beside a listener that strangers reach. */
export interface MetricsListenerSettings {
  host: string;
  port: number;
}

export const METRICS_LISTENER = Symbol('attune:metrics-listener');

/**
 * `/metrics` and health on a listener of their own, for the service whose other listener is public. It answers as long as the process
 * lives: while requests are drained, too.
 */
@Injectable()
export class MetricsListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly server: Server;

  constructor(
    private readonly readiness: Readiness,
    @Inject(METRICS_LISTENER) private readonly settings: MetricsListenerSettings,
  ) {
    this.server = createServer((request, response) => {
      this.answer(request.method, request.url, response).catch((error: unknown) => {
        send(response, 500, 'text/plain; charset=utf-8', messageOf(error));
      });
    });
  }

  onApplicationBootstrap(): Promise<void> {
    const { host, port } = this.settings;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, resolve);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async answer(method = '', url = '', response: ServerResponse): Promise<void> {
    switch (method === 'GET' ? url : '') {
      case '/metrics':
        send(response, 200, register.contentType, await register.metrics());
        return;
      case '/healthz/live':
        sendJson(response, 200, { status: 'ok' });
        return;
      case '/healthz':
      case '/healthz/ready': {
        const { code, body } = await this.readiness.report();
        sendJson(response, code, body);
        return;
      }
      default:
        send(response, 404, 'text/plain; charset=utf-8', 'only /metrics and /healthz are here');
    }
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(body));
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
