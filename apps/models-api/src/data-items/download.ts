import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OBJECT_STORE } from '@attune/service';
import type { ObjectStore } from '@attune/storage';
import { readRange } from './byte-range';
import { rangeNotSatisfiable } from './data-item.errors';
import type { ItemFile } from './data-files.service';

/** Sends files out of the store: streamed, in parts where a client asks for one, never shown inside a page. */
@Injectable()
export class Download {
  constructor(@Inject(OBJECT_STORE) private readonly store: ObjectStore) {}

  /** Throws RANGE_NOT_SATISFIABLE. */
  async send(request: FastifyRequest, reply: FastifyReply, file: ItemFile): Promise<void> {
    const etag = `"${file.sha256.slice('sha256:'.length)}"`;
    const condition = request.headers['if-range'];
    const wanted = condition === undefined || condition === etag ? request.headers.range : undefined;
    const range = readRange(wanted, file.bytes);
    if (range === 'none') {
      void reply.header('content-range', `bytes */${String(file.bytes)}`);
      throw rangeNotSatisfiable(file.bytes);
    }
    const length = range === null ? file.bytes : range.end - range.start + 1;
    void reply.status(range === null ? 200 : 206).headers({
      'content-type': file.contentType,
      'content-length': String(length),
      'content-disposition': attachment(file.filename),
      'accept-ranges': 'bytes',
      etag,
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
      ...(range === null ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${file.bytes}` }),
    });
    // An answer without a body keeps its length only if it is a stream.
    if (request.method === 'HEAD' || length === 0) await reply.send(Readable.from([]));
    else await reply.send(await this.store.get(file.key, range === null ? {} : { range }));
  }
}

/** RFC 6266: a plain name for old clients, the true one in RFC 8187's form. Whatever the name has, it stays one header. */
export function attachment(filename: string): string {
  const plain = filename.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(filename.replace(/\p{Surrogate}/gu, '_')).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
