import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { newId } from '@attune/kernel';
import type { RequestBody } from './http-exchange';

export interface MultipartFile {
  field: string;
  path: string;
}

const CRLF = '\r\n';

/**
 * A multipart/form-data body (RFC 7578) that reads its files from disk while it is sent, so that memory does not grow with
 * them. Its length is known beforehand. Rejects with the system's error when a file cannot be read.
 */
export async function multipartBody(
  fields: Readonly<Record<string, string>>,
  files: readonly MultipartFile[],
  onBytes?: (bytes: number) => void,
): Promise<RequestBody> {
  const boundary = `attune-${newId()}`;
  const parts = [
    ...Object.entries(fields).map(([name, value]) => textPart(boundary, name, value)),
    ...(await Promise.all(files.map((file) => filePart(boundary, file)))),
  ];
  const end = Buffer.from(`--${boundary}--${CRLF}`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: parts.reduce((sum, part) => sum + part.bytes, end.length),
    open: () => read(parts, end, onBytes),
  };
}

interface Part {
  bytes: number;
  open(): AsyncIterable<Buffer>;
}

async function* read(parts: readonly Part[], end: Buffer, onBytes?: (bytes: number) => void): AsyncIterable<Buffer> {
  for (const part of parts) {
    for await (const chunk of part.open()) {
      yield chunk;
      onBytes?.(chunk.length);
    }
  }
  yield end;
  onBytes?.(end.length);
}

function textPart(boundary: string, name: string, value: string): Part {
  const content = Buffer.from(`${partHead(boundary, `name="${escaped(name)}"`)}${value}${CRLF}`);
  return { bytes: content.length, open: () => once(content) };
}

async function filePart(boundary: string, file: MultipartFile): Promise<Part> {
  const { size } = await stat(file.path);
  const disposition = `name="${escaped(file.field)}"; filename="${escaped(basename(file.path))}"`;
  const head = Buffer.from(partHead(boundary, disposition, 'application/octet-stream'));
  return {
    bytes: head.length + size + CRLF.length,
    open: async function* () {
      yield head;
      yield* wholeFile(file.path, size);
      yield Buffer.from(CRLF);
    },
  };
}

async function* wholeFile(path: string, size: number): AsyncIterable<Buffer> {
  if (size === 0) return;
  let sent = 0;
  for await (const chunk of createReadStream(path, { end: size - 1 })) {
    sent += (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  if (sent !== size) throw new Error(`${path} became shorter while it was sent`);
}

// eslint-disable-next-line @typescript-eslint/require-await -- the parts of a body are all read in one way
async function* once(content: Buffer): AsyncIterable<Buffer> {
  yield content;
}

function partHead(boundary: string, disposition: string, contentType?: string): string {
  const type = contentType === undefined ? '' : `content-type: ${contentType}${CRLF}`;
  return `--${boundary}${CRLF}content-disposition: form-data; ${disposition}${CRLF}${type}${CRLF}`;
}

/** As browsers do (HTML standard, multipart/form-data): only the quote and line ends are escaped. */
function escaped(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
