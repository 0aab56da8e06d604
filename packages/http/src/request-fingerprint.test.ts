import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import type { FastifyRequest } from 'fastify';
import { canonicalJson, fingerprintOf } from './request-fingerprint';

const form = (boundary: string, ...parts: Buffer[]): Buffer =>
  Buffer.concat([
    ...parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n\r\n`), part, Buffer.from('\r\n')]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);

/** The fingerprint of a body that arrives in the given pieces while somebody else reads it. */
async function streamed(boundary: string, pieces: readonly Buffer[]): Promise<string> {
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}`, 'transfer-encoding': 'chunked' };
  const raw = Object.assign(Readable.from(pieces, { objectMode: false }), { headers }) as unknown as IncomingMessage;
  const fingerprint = fingerprintOf({ raw, headers, query: {}, body: undefined } as unknown as FastifyRequest);
  for await (const _ of raw);
  return fingerprint.soFar().toString('hex');
}

const cut = (bytes: Buffer, at: readonly number[]): Buffer[] => {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
};

const boundary = fc.stringMatching(/^[A-Za-z0-9'()+_,./:=?-]{8,70}$/);
const part = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

describe('the fingerprint of a streamed form', () => {
  it('is the same for every boundary and however the bytes are cut, and another for other bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(boundary, boundary, part, part, part),
        fc.array(fc.nat(), { maxLength: 12 }),
        async ([one, two, first, second, other], places) => {
          fc.pre(![first, second, other].some((bytes) => bytes.includes(one) || bytes.includes(two)));
          fc.pre(!one.includes(two) && !two.includes(one));
          const whole = await streamed(one, [form(one, first, second)]);
          expect(await streamed(two, cut(form(two, first, second), places))).toBe(whole);
          if (!other.equals(second)) expect(await streamed(two, [form(two, first, other)])).not.toBe(whole);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('does not depend on what comes after the last boundary, which nobody waits for', async () => {
    const bytes = form('boundary', Buffer.from('text'));
    expect(await streamed('boundary', [bytes.subarray(0, -4)])).toBe(await streamed('boundary', [bytes]));
  });
});

describe('the fingerprint of a request without a body', () => {
  const fingerprint = (headers: Record<string, string>) =>
    fingerprintOf({ headers, query: {} } as unknown as FastifyRequest)
      .soFar()
      .toString('hex');

  it('is of the headers in which tus announces an upload, and of no others', () => {
    const one = fingerprint({ 'upload-length': '10', 'upload-metadata': 'filename YQ==', 'user-agent': 'a' });
    expect(fingerprint({ 'upload-metadata': 'filename YQ==', 'upload-length': '10', 'user-agent': 'b' })).toBe(one);
    expect(fingerprint({ 'upload-length': '11', 'upload-metadata': 'filename YQ==' })).not.toBe(one);
    expect(fingerprint({ 'upload-length': '10' })).not.toBe(one);
  });
});

describe('the fingerprint of a parsed body', () => {
  it('does not depend on the order of its fields, and does on everything else', () => {
    const text = canonicalJson({ b: [1, { d: null, c: 'x' }], a: true });
    expect(canonicalJson({ a: true, b: [1, { c: 'x', d: null }] })).toBe(text);
    expect(canonicalJson({ a: true, b: [{ c: 'x', d: null }, 1] })).not.toBe(text);
    expect(canonicalJson({ a: true, b: [1, { c: 'x' }] })).not.toBe(text);
  });
});
