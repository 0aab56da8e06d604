import type { ApiModel, Transcript } from '@attune/contracts';
import type { AttuneClient } from '@attune/client';
import { errorRate, referenceLengthOf, scoreItem, sumScores, type ErrorCounts } from '@attune/scoring';
import { transcriptOf, type PairOnDisk } from './data';
import { showProgress } from './progress';

const UPLOADS_AT_ONCE = 6;
/** One is decoded from its container while the engine listens to the other. */
const TRANSCRIPTIONS_AT_ONCE = 2;
const SUCCEEDED = 4;

/** Uploads every pair, several at a time, and waits for all verdicts. Throws when one is refused. */
export async function upload(
  client: AttuneClient,
  modelId: number,
  pairs: { type: 'train' | 'test'; pair: PairOnDisk }[],
): Promise<void> {
  const progress = showProgress('upload  ', pairs.length);
  let done = 0;
  await severalAtOnce(UPLOADS_AT_ONCE, pairs, async ({ type, pair }) => {
    await client.uploadPair(modelId, { type, audioPath: pair.audio, transcriptPath: pair.transcript });
    progress.update(++done, `${String(done)} of ${String(pairs.length)} pairs`);
  });
  const summary = await client.waitForData(modelId);
  progress.end();
  const rejected = summary.train.rejected + summary.test.rejected;
  if (rejected > 0) throw new Error(`${String(rejected)} pairs were refused; "attune upload" shows the reason of each`);
}

/** Does every job, `width` at a time. */
async function severalAtOnce<T>(width: number, jobs: readonly T[], work: (job: T) => Promise<void>): Promise<void> {
  const queue = jobs.values();
  const worker = async (): Promise<void> => {
    for (const job of queue) await work(job);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Starts the run and follows it to its end. Throws with the platform's reason when it fails. */
export async function train(client: AttuneClient, modelId: number): Promise<ApiModel> {
  await client.startRun(modelId);
  const progress = showProgress('training', 100);
  const follower = logFollower(client, modelId);
  const model = await client.waitForRun(modelId, {
    onUpdate: async (seen) => {
      progress.update(seen.training_progress ?? 100, await follower());
    },
  });
  progress.end();
  if (model.training_status !== SUCCEEDED)
    throw new Error(`the run failed: ${model.error?.message ?? model.status_message}`);
  return model;
}

/** Reads the log from where it last stood and answers its newest line. */
function logFollower(client: AttuneClient, modelId: number): () => Promise<string> {
  let read = 0;
  let newest = '';
  return async () => {
    for await (const line of client.log(modelId, read)) {
      read++;
      newest = line.message;
    }
    return newest.slice(0, 90);
  };
}

/** One recording that nobody trained on, in the words of its speaker, of the base and of the custom model. */
export interface SideBySide {
  reference: string;
  base: Transcript;
  custom: Transcript;
}

export async function sideBySide(client: AttuneClient, pair: PairOnDisk, model: ApiModel): Promise<SideBySide> {
  const { language } = model;
  return {
    reference: transcriptOf(pair),
    base: await client.transcribe(pair.audio, { model: model.base_model, language }),
    custom: await client.transcribe(pair.audio, { model: model.model_key, language }),
  };
}

/** Word error rates (percent, normalized) of the base and the custom model on a set that the run never saw. */
export interface Check {
  base_wer: number;
  custom_wer: number;
  words: number;
}

/** Transcribes every recording with both models, as a customer would, and scores what came back. */
export async function check(client: AttuneClient, label: string, pairs: PairOnDisk[], model: ApiModel): Promise<Check> {
  const progress = showProgress(label, pairs.length);
  const heard: SideBySide[] = [];
  await severalAtOnce(TRANSCRIPTIONS_AT_ONCE, pairs, async (pair) => {
    heard.push(await sideBySide(client, pair, model));
    progress.update(heard.length);
  });
  progress.end();
  const words = (side: 'base' | 'custom'): ErrorCounts =>
    sumScores(heard.map((one) => scoreItem({ reference: one.reference, hypothesis: one[side].text }, model.language)))
      .normalized.words;
  return {
    base_wer: errorRate(words('base')),
    custom_wer: errorRate(words('custom')),
    words: referenceLengthOf(words('base')),
  };
}
