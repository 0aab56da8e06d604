import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AudioRefused, normalize, type NormalizedAudio } from '@attune/media';
import { OBJECT_STORE } from '@attune/service';
import { audioKey, transcriptKey, type ObjectStore } from '@attune/storage';
import {
  judgeWordRate,
  MAX_TRANSCRIPT_BYTES,
  readTranscript,
  TRANSCRIPT_FAULTS,
  type Transcript,
  type TranscriptFault,
} from '@attune/transcripts';
import type { WorkSettings } from '../env';
import { WORK_SETTINGS } from '../work-settings';
import { AUDIO_FIXES } from './audio-fixes';
import { rejected, type RejectedReport, type Report, type UploadedItem } from './item';
import { WorkFolders } from './work-folders';

/**
 * Looks at one uploaded pair and stores its normalized form. A function of the upload's bytes: done again, it stores the same bytes under
 * the same keys and answers the same report.
 */
@Injectable()
export class ItemExaminer {
  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(WORK_SETTINGS) private readonly settings: WorkSettings,
    private readonly folders: WorkFolders,
  ) {}

  /** Throws only what is no fault of the pair: the store, the disk or the sandbox failed, or `signal` was aborted. */
  async examine(item: UploadedItem, signal: AbortSignal): Promise<Report> {
    const transcript = readTranscript(await this.transcriptBytes(item));
    if (typeof transcript === 'string') return faulty(transcript);
    return this.folders.withFolder(async (folder) => {
      const outputPath = join(folder, 'audio.flac');
      const audio = await this.decode(item, join(folder, 'upload'), outputPath, signal);
      if (audio instanceof AudioRefused) {
        return rejected('UNSUPPORTED_AUDIO_FORMAT', `audio_${audio.reason}`, audio.message, AUDIO_FIXES[audio.reason]);
      }
      const rate = judgeWordRate(transcript.wordCount, audio.audioMs);
      if (typeof rate === 'string') return faulty(rate);
      const transcriptSha256 = await this.storePair(item, audio, outputPath, transcript);
      const { audioMs, container, codec, sourceSampleRate, channels, sha256 } = audio;
      return {
        outcome: 'validated',
        ...{ audioMs, container, codec, sourceSampleRate, channels },
        wordCount: transcript.wordCount,
        normalizedSha256: sha256,
        transcriptSha256,
        issues: rate === null ? [] : [rate],
      };
    });
  }

  /** One byte more than allowed is enough to know. */
  private async transcriptBytes(item: UploadedItem): Promise<Buffer> {
    const { bytes } = await this.store.stat(item.transcriptKey);
    const end = Math.min(bytes, MAX_TRANSCRIPT_BYTES + 1) - 1;
    if (end < 0) return Buffer.alloc(0);
    const chunks: Buffer[] = [];
    const content = await this.store.get(item.transcriptKey, { range: { start: 0, end } });
    for await (const chunk of content as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  private async decode(
    item: UploadedItem,
    inputPath: string,
    outputPath: string,
    signal: AbortSignal,
  ): Promise<NormalizedAudio | AudioRefused> {
    const { bytes } = await this.store.stat(item.audioKey);
    if (bytes !== item.audioBytes || bytes > this.settings.maxAudioBytes) {
      throw new Error(`${item.audioKey} has ${String(bytes)} bytes, its event said ${String(item.audioBytes)}`);
    }
    await pipeline(await this.store.get(item.audioKey), createWriteStream(inputPath), { signal });
    try {
      return await normalize({ inputPath, outputPath, limits: { maxAudioMs: this.settings.maxAudioMs }, signal });
    } catch (error) {
      if (error instanceof AudioRefused) return error;
      throw error;
    }
  }

  private async storePair(
    item: UploadedItem,
    audio: NormalizedAudio,
    flacPath: string,
    transcript: Transcript,
  ): Promise<string> {
    await this.store.put(audioKey(item), createReadStream(flacPath), {
      contentType: 'audio/flac',
      sha256: audio.sha256,
    });
    const text = Readable.from([Buffer.from(transcript.text, 'utf8')]);
    const stored = await this.store.put(transcriptKey(item), text, { contentType: 'text/plain; charset=utf-8' });
    return stored.sha256;
  }
}

function faulty(fault: TranscriptFault): RejectedReport {
  const { message, fix } = TRANSCRIPT_FAULTS[fault];
  return rejected('INVALID_TRANSCRIPT', fault, message, fix);
}
