import { dirname, join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { EngineRequestError, type ServeResult } from '@attune/engine-protocol';
import { AppError } from '@attune/kernel';
import { SandboxFailed, toWav } from '@attune/media';
import { Rpc } from '@attune/messaging';
import { Counter } from '@attune/observability';
import { Engines } from '../engines/engines';
import { ModelCache, type ServedModel } from '../models/model-cache';
import { Permits } from '../permits';
import {
  TRANSCRIPTION_LIMITS,
  type Transcription,
  type TranscriptionLimits,
  type TranscriptionRequest,
} from './transcription';
import { fromServeResult } from './transcription.convert';
import { invalidRequest, undecodableAudio, unavailable, unsupportedLanguage } from './transcription.errors';

interface DecodedFile {
  path: string;
  audioMs: number;
}

const SECOND_MS = 1000;
const audioSeconds = new Counter({ name: 'attune_stt_audio_seconds_total', help: 'Audio transcribed' });

@Injectable()
export class TranscriptionsService {
  private readonly decodes: Permits;

  constructor(
    private readonly rpc: Rpc,
    private readonly cache: ModelCache,
    private readonly engines: Engines,
    @Inject(TRANSCRIPTION_LIMITS) private readonly limits: TranscriptionLimits,
  ) {
    this.decodes = new Permits(limits.decodes);
  }

  /**
   * Transcribes a recording with the model that was named, never with another. Throws the contract's refusals: MODEL_NOT_FOUND,
   * MODEL_NOT_READY, UNSUPPORTED_LANGUAGE, UNSUPPORTED_AUDIO_FORMAT, SERVICE_UNAVAILABLE; the signal's reason when it is aborted.
   */
  async transcribe(request: TranscriptionRequest, signal: AbortSignal): Promise<Transcription> {
    const model = await this.rpc.call('models.resolve', {
      organization_id: request.organizationId,
      model: request.model,
    });
    const language = chooseLanguage(request.language, model.languages);
    const audio = await this.decodes.run(() => this.decodeAudio(request.audioPath, signal), signal);
    const result = await this.runEngine(model, audio, language, signal);
    audioSeconds.inc(audio.audioMs / SECOND_MS);
    return fromServeResult(result, model.model);
  }

  private async decodeAudio(inputPath: string, signal: AbortSignal): Promise<DecodedFile> {
    const outputPath = join(dirname(inputPath), 'decoded.wav');
    try {
      const { audioMs } = await toWav({ inputPath, outputPath, limits: { maxAudioMs: this.limits.audioMs }, signal });
      return { path: outputPath, audioMs };
    } catch (error) {
      if (error instanceof SandboxFailed) throw unavailable(error.message, error);
      throw error;
    }
  }

  /** Once more with files fetched anew where the engine cannot read the model: those on disk may have been damaged. */
  private async runEngine(
    model: ServedModel,
    audio: DecodedFile,
    language: string,
    signal: AbortSignal,
  ): Promise<ServeResult> {
    try {
      return await this.request(model, audio, language, signal);
    } catch (error) {
      if (!isUnreadableModel(error)) throw toPublicError(error);
      this.cache.distrust(model.digest);
    }
    return this.request(model, audio, language, signal).catch((error: unknown) => {
      throw toPublicError(error);
    });
  }

  private request(model: ServedModel, audio: DecodedFile, language: string, signal: AbortSignal): Promise<ServeResult> {
    return this.cache.use(model, (directory) =>
      this.engines.transcribe(
        { engine: model.engine, audioMs: audio.audioMs, modelDirectory: directory, audioPath: audio.path, language },
        signal,
      ),
    );
  }
}

/** Throws UNSUPPORTED_LANGUAGE, and VALIDATION_ERROR where a model with several languages is not told which. */
function chooseLanguage(asked: string | null, languages: readonly string[]): string {
  if (asked !== null) {
    if (!languages.includes(asked)) throw unsupportedLanguage(asked, languages);
    return asked;
  }
  const [only, ...others] = languages;
  if (only === undefined || others.length > 0) throw invalidRequest({ language: 'required: this model knows several' });
  return only;
}

function isUnreadableModel(error: unknown): boolean {
  return error instanceof EngineRequestError && error.code === 'MODEL_UNREADABLE';
}

function toPublicError(error: unknown): unknown {
  if (!(error instanceof EngineRequestError)) return error;
  switch (error.code) {
    case 'BAD_AUDIO':
      return undecodableAudio(error);
    case 'UNSUPPORTED_LANGUAGE':
      return new AppError('UNSUPPORTED_LANGUAGE', 'This model does not transcribe this language', { cause: error });
    case 'MODEL_UNREADABLE':
      return unavailable(`the engine cannot read the model: ${error.message}`, error);
    case 'INTERNAL':
      return new AppError('INTERNAL_ERROR', 'The recording could not be transcribed', {
        internal: error.message,
        cause: error,
      });
  }
}
