import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import '@fastify/multipart';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import { transcribeBody } from '@attune/contracts';
import { toFieldReasons } from '@attune/http';
import { AppError } from '@attune/kernel';
import { TRANSCRIPTION_LIMITS, type TranscriptionLimits } from './transcription';
import { audioTooLarge, invalidRequest, unreadableBody, unsupportedMediaType } from './transcription.errors';

/** What a request asks for, its recording written to the path that was given. */
export interface ReceivedRequest {
  model: string;
  language: string | null;
}

/** Room for the fields and the borders of a multipart body. */
const ENVELOPE_BYTES = 64 * 1024;
const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;

/** Takes the recording of a request to disk, never more than a chunk of it in memory (JSON: within its lower limit). */
@Injectable()
export class RequestReceiver {
  constructor(@Inject(TRANSCRIPTION_LIMITS) private readonly limits: TranscriptionLimits) {}

  /** Throws VALIDATION_ERROR, PAYLOAD_TOO_LARGE or UNSUPPORTED_MEDIA_TYPE as soon as it is certain. */
  async receive(request: FastifyRequest, audioPath: string): Promise<ReceivedRequest> {
    if (request.isMultipart()) return this.receiveMultipart(request, audioPath);
    if (request.body === undefined || request.body === null) throw unsupportedMediaType();
    return this.receiveJson(request.body, audioPath);
  }

  private async receiveMultipart(request: FastifyRequest, audioPath: string): Promise<ReceivedRequest> {
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > this.limits.audioBytes + ENVELOPE_BYTES) throw audioTooLarge(this.limits.audioBytes);
    const fields = new Map<string, string>();
    try {
      for await (const part of request.parts()) {
        if (fields.has(part.fieldname)) throw invalidRequest({ [part.fieldname]: 'given more than once' });
        fields.set(part.fieldname, await this.takePart(part, audioPath));
      }
    } catch (error) {
      // What the client still sends is read and thrown away, so that it gets to see the refusal.
      request.raw.unpipe();
      request.raw.resume();
      throw error instanceof AppError ? error : unreadableBody(error);
    }
    return complete(fields);
  }

  /** Answers a field's value; of the recording only that it was there. */
  private async takePart(part: Multipart, audioPath: string): Promise<string> {
    switch (part.fieldname) {
      case 'model':
      case 'language':
        if (part.type === 'file') throw invalidRequest({ [part.fieldname]: 'must be a text field' });
        return String(part.value);
      case 'audio_file':
        if (part.type !== 'file') throw invalidRequest({ audio_file: 'must be a file' });
        await this.writeAudio(part, audioPath);
        return 'received';
      default:
        throw invalidRequest({ [part.fieldname]: 'unknown field' });
    }
  }

  private async writeAudio(part: MultipartFile, audioPath: string): Promise<void> {
    await pipeline(part.file, createWriteStream(audioPath, { mode: 0o600 }));
    if (part.file.truncated) throw audioTooLarge(this.limits.audioBytes);
  }

  private async receiveJson(body: unknown, audioPath: string): Promise<ReceivedRequest> {
    const parsed = transcribeBody.safeParse(body);
    if (!parsed.success) throw invalidRequest(toFieldReasons(parsed.error));
    const { model, language, audio_file: base64 } = parsed.data;
    if (!BASE64.test(base64)) throw invalidRequest({ audio_file: 'must be base64' });
    const audio = Buffer.from(base64, 'base64');
    if (audio.length > this.limits.jsonBytes) throw audioTooLarge(this.limits.jsonBytes);
    await writeFile(audioPath, audio, { mode: 0o600 });
    return complete(
      new Map([
        ['model', model],
        ...(language === undefined ? [] : [['language', language] as const]),
        ['audio_file', 'received'],
      ]),
    );
  }
}

function complete(fields: ReadonlyMap<string, string>): ReceivedRequest {
  const model = fields.get('model')?.trim() ?? '';
  const missing = {
    ...(model === '' && { model: 'required' }),
    ...(!fields.has('audio_file') && { audio_file: 'required' }),
  };
  if (Object.keys(missing).length > 0) throw invalidRequest(missing);
  const language = fields.get('language')?.trim() ?? '';
  return { model, language: language === '' ? null : language.toLowerCase() };
}
