import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, messageOf, type OrganizationId } from '@attune/kernel';

export interface SttSettings {
  url: string;
  token: string;
}

export const STT_SETTINGS = Symbol('attune:stt-settings');

/** A request as the client sent it; the body is passed on unread. */
export interface ForwardedRequest {
  organizationId: OrganizationId;
  requestId: string;
  path: string;
  contentType: string | undefined;
  contentLength: string | undefined;
  body: Readable;
  /** Aborted when the client has gone: then nobody works on for it. */
  signal: AbortSignal;
}

export interface ForwardedAnswer {
  status: number;
  headers: Record<string, string>;
  body: IncomingMessage;
}

const PASSED_HEADERS = ['content-type', 'content-length', 'retry-after'] as const;

/** Streams transcription requests on to the stt service, and its answers back. Neither is ever held in memory. */
@Injectable()
export class SttClient {
  constructor(@Inject(STT_SETTINGS) private readonly settings: SttSettings) {}

  /** Throws SERVICE_UNAVAILABLE when the service cannot be reached or does not accept this one. */
  async forward(request: ForwardedRequest): Promise<ForwardedAnswer> {
    const response = await this.send(request).catch((error: unknown) => {
      throw unavailable(messageOf(error));
    });
    const status = response.statusCode ?? 502;
    if (status === 401 || status === 403) {
      response.resume();
      throw unavailable(`the stt service answered ${String(status)}: is STT_INTERNAL_TOKEN the same on both sides?`);
    }
    return { status, headers: passedHeaders(response), body: response };
  }

  private send(request: ForwardedRequest): Promise<IncomingMessage> {
    const url = new URL(request.path, this.settings.url);
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const upstream = open(url, { method: 'POST', headers: this.headersOf(request), signal: request.signal });
      upstream.once('response', (response) => {
        // It may refuse before it has read everything: what the client still sends has nowhere to go.
        request.body.unpipe(upstream);
        request.body.resume();
        resolve(response);
      });
      upstream.on('error', reject);
      request.body.once('error', (error) => upstream.destroy(error));
      request.body.pipe(upstream);
    });
  }

  private headersOf({
    organizationId,
    requestId,
    contentType,
    contentLength,
  }: ForwardedRequest): Record<string, string> {
    return {
      authorization: `Bearer ${this.settings.token}`,
      'x-attune-organization': organizationId,
      'x-request-id': requestId,
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      ...(contentLength === undefined ? {} : { 'content-length': contentLength }),
    };
  }
}

function passedHeaders(response: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    PASSED_HEADERS.flatMap((name) => {
      const value = response.headers[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function unavailable(reason: string): AppError {
  return new AppError('SERVICE_UNAVAILABLE', 'Transcription is not available now; try again shortly', {
    internal: `stt: ${reason}`,
  });
}
