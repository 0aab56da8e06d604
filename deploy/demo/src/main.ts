import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AttuneClient } from '@attune/client';
import { processEnvironment, readSettings, startPlatform, type Platform } from '@attune/launcher';
import { generateDataset } from '@attune/speech';
import { check, sideBySide, train, upload, type SideBySide } from './customer-job';
import { madeData, madeDirectory, ownData, transcriptOf, type DemoData } from './data';
import { readOptions, usage, type DemoOptions } from './options';
import { showProgress } from './progress';
import { renderTable, writeJson, type Stages } from './report';

/** Recordings of each set that the demo itself transcribes, by both models. */
const CHECKED = 10;

/** A customer's whole job through the public API, from an empty platform to a recognizer that errs less. */
async function demo(options: DemoOptions): Promise<void> {
  const settings = readSettings(processEnvironment());
  const stages: Stages = {};
  const timed = async <T>(stage: string, work: () => Promise<T>): Promise<T> => {
    console.log(`\n${stage}`);
    const started = performance.now();
    const result = await work();
    stages[stage] = (performance.now() - started) / 1000;
    return result;
  };

  const data = await timed('get recordings ready', () => prepareData(settings.home, options));
  const platform = await timed('start the platform', () =>
    startPlatform(settings, (step, seconds) => console.log(`  ${step} (${seconds.toFixed(1)} s)`)),
  );
  try {
    const client = new AttuneClient({ baseUrl: platform.url, apiKey: readFileSync(platform.keyFile, 'utf8').trim() });
    const created = await client.models.create({
      name: options.data === null ? 'Radiology dictation' : basename(options.data),
      language: 'en',
      baseModel: options.data === null ? 'medical' : 'general',
      description: 'Made by npm run demo',
    });
    await timed('upload recordings and transcripts', () => upload(client, created.id, labelled(data)));
    const model = await timed('train and evaluate', () => train(client, created.id));
    const metrics = model.training_metrics;
    if (!metrics) throw new Error('the run succeeded without metrics');

    const { sample, unseen, general } = await timed('transcribe with base and custom model', async () => ({
      sample: await chooseSample(client, data, model),
      unseen: data.unseen.length === 0 ? null : await check(client, 'wordings', data.unseen, model),
      general: data.general.length === 0 ? null : await check(client, 'general ', data.general, model),
    }));
    const result = { model, metrics, unseen, general, sample, stages };
    writeJson(join(settings.home, 'demo.json'), result);
    console.log(`\n${renderTable(result)}`);
    console.log(`\nThe figures lie in ${join(settings.home, 'demo.json')}. Next: npm start, and your own recordings.`);
  } finally {
    await stopOnce(platform);
  }
}

async function prepareData(home: string, options: DemoOptions): Promise<DemoData> {
  if (options.data !== null) return ownData(options.data);
  const directory = madeDirectory(home, options);
  const progress = showProgress('speaking', options.minutes * 60);
  await generateDataset(
    { directory, seed: options.seed, minutes: options.minutes, testItems: 32, freeItems: 40 },
    (made) => {
      progress.update((options.minutes * 60 * made.seconds) / made.expectedSeconds, `${String(made.items)} recordings`);
    },
  );
  progress.end();
  const data = madeData(directory);
  // Ten of each show whether anything was forgotten; the benchmark takes them all.
  return { ...data, unseen: data.unseen.slice(0, CHECKED), general: data.general.slice(0, CHECKED) };
}

function labelled(data: DemoData): Parameters<typeof upload>[2] {
  return [
    ...data.train.map((pair) => ({ type: 'train' as const, pair })),
    ...data.test.map((pair) => ({ type: 'test' as const, pair })),
  ];
}

/** The longest of a few test recordings: long enough to tell the models apart. Without a test set, the first recording. */
async function chooseSample(
  client: AttuneClient,
  data: DemoData,
  model: Parameters<typeof sideBySide>[2],
): Promise<SideBySide> {
  const candidates = (data.test.length > 0 ? data.test : data.train).slice(0, 20);
  const longest = candidates.reduce((best, pair) =>
    transcriptOf(pair).length > transcriptOf(best).length ? pair : best,
  );
  return sideBySide(client, longest, model);
}

let stopping: Promise<void> | undefined;
function stopOnce(platform: Platform): Promise<void> {
  return (stopping ??= platform.stop());
}

try {
  demo(readOptions(process.argv.slice(2))).catch((error: unknown) => {
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}
