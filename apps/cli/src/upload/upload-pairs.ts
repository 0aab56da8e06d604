import { ApiError, type AttuneClient } from '@attune/client';
import type { UploadReceipt } from '@attune/contracts';
import { formatDetails } from '../format';
import type { DataType, FoundPair } from './pairs';

export interface Refusal {
  name: string;
  error_code: string;
  message: string;
}

export interface UploadOptions {
  /** Uploads at the same time. */
  parallel: number;
  onBytes: (bytes: number) => void;
  onStored: (pair: FoundPair, receipt: UploadReceipt) => Promise<void>;
  onRefused: (refusal: Refusal) => void;
}

/** What is wrong with this pair and says nothing about the next one. */
const ITEM_ERRORS = new Set([
  'VALIDATION_ERROR',
  'UNSUPPORTED_AUDIO_FORMAT',
  'UNSUPPORTED_MEDIA_TYPE',
  'INVALID_TRANSCRIPT',
  'PAYLOAD_TOO_LARGE',
]);

/**
 * Uploads the pairs, several at a time. A pair that the platform refuses, or that cannot be read, is told to `onRefused` and
 * the rest goes on; any other failure ends the whole upload after those already under way.
 */
export async function uploadPairs(
  client: AttuneClient,
  modelId: number,
  queue: readonly { pair: FoundPair; type: DataType }[],
  options: UploadOptions,
): Promise<void> {
  const waiting = queue.values();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const { pair, type } of waiting) {
      if (failed) return;
      try {
        await uploadOne(client, modelId, pair, type, options);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: options.parallel }, worker));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

async function uploadOne(
  client: AttuneClient,
  modelId: number,
  pair: FoundPair,
  type: DataType,
  { onBytes, onStored, onRefused }: UploadOptions,
): Promise<void> {
  const paths = { type, audioPath: pair.audio.path, transcriptPath: pair.transcript.path };
  try {
    const receipt = await client.uploadPair(modelId, paths, { onBytes });
    await onStored(pair, receipt);
  } catch (error) {
    const refusal = refusalOf(pair, error);
    if (refusal === null) throw error;
    onRefused(refusal);
  }
}

function refusalOf(pair: FoundPair, error: unknown): Refusal | null {
  if (error instanceof ApiError) {
    if (!ITEM_ERRORS.has(error.errorCode)) return null;
    return {
      name: pair.name,
      error_code: error.errorCode,
      message: [error.message, ...formatDetails(error.details)].join('; '),
    };
  }
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code !== 'ENOENT' && code !== 'EACCES') return null;
  return { name: pair.name, error_code: 'FILE_UNREADABLE', message: 'the file cannot be read any more' };
}
