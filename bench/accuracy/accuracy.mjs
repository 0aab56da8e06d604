/**
 * What adaptation gains, and what it costs elsewhere: trains the engine on the demo's speech and scores base and custom model
 * on every set. usage: node bench/accuracy/accuracy.mjs [--minutes 20] [--seed 7] [--epochs N] [--method lora]
 * Prints a table and, last, one JSON line. About six minutes on two cores. `npm test` or `npm run demo` must have set things up.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const load = createRequire(join(root, 'deploy', 'demo', 'package.json'));
const { generateDataset } = load('@attune/speech');
const { errorRate, pairedBootstrap, scoreItem, sumScores } = load('@attune/scoring');

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: '7' },
    epochs: { type: 'string' },
    method: { type: 'string', default: 'lora' },
  },
});
const cache = process.env.ATTUNE_CACHE_DIR ?? join(homedir(), '.cache', 'attune');
const engine = join(root, 'apps', 'engine-whisper', 'bin', 'engine-whisper');
const base = join(cache, 'bases', 'whisper-tiny.en');
const work = mkdtempSync(join(tmpdir(), 'attune-accuracy-'));

try {
  run(engine, ['base', 'default', '--output', base]);
  const manifest = await generateDataset({
    directory: join(work, 'speech'),
    seed: Number(values.seed),
    minutes: Number(values.minutes),
  });
  const sets = bySet(manifest.items.map(normalize));
  const started = performance.now();
  const job = write('train.json', {
    protocol: 1,
    command: 'train',
    base: { directory: base, digest: JSON.parse(readFileSync(join(base, 'base.json'), 'utf8')).digest },
    language: 'en',
    method: values.method,
    seed: 17,
    threads: 2,
    ...(values.epochs === undefined ? {} : { epochs: Number(values.epochs) }),
    items: sets.train.map(({ id, audio, sha256, ms, text }) => ({
      id,
      audio,
      sha256,
      duration_ms: ms,
      transcript: text,
      recording: id,
    })),
    checkpoint_directory: folder('checkpoints'),
    output_directory: folder('artifact'),
  });
  run(engine, ['train', job]);
  const trainSeconds = (performance.now() - started) / 1000;

  const result = {
    method: values.method,
    minutes: Number(values.minutes),
    train_seconds: round(trainSeconds),
    sets: {},
  };
  for (const name of ['test', 'unseen', 'general']) {
    const texts = {
      base: decode(join(base, 'ctranslate2'), name, sets[name]),
      custom: decode(join(work, 'artifact', 'ctranslate2'), name, sets[name]),
    };
    const scores = (side) =>
      sets[name].map((item) => scoreItem({ reference: item.text, hypothesis: texts[side].get(item.id) ?? '' }, 'en'));
    const [baseScores, customScores] = [scores('base'), scores('custom')];
    const rate = (all, unit) => errorRate(sumScores(all).normalized[unit]);
    const interval = pairedBootstrap(
      baseScores.map((score, i) => ({ base: score.normalized.words, custom: customScores[i].normalized.words })),
      { seed: 1 },
    );
    result.sets[name] = {
      base_wer: round(rate(baseScores, 'words')),
      custom_wer: round(rate(customScores, 'words')),
      base_cer: round(rate(baseScores, 'characters')),
      custom_cer: round(rate(customScores, 'characters')),
      interval,
    };
    console.log(`${name.padEnd(8)} base ${result.sets[name].base_wer} %  custom ${result.sets[name].custom_wer} %`);
  }
  const { test } = result.sets;
  result.fewer_word_errors_percent = round((100 * (test.base_wer - test.custom_wer)) / test.base_wer);
  console.log(JSON.stringify(result));
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** set -> its items */
function bySet(items) {
  const sets = {};
  for (const item of items) (sets[item.set] ??= []).push(item);
  return sets;
}

/** 16 kHz mono FLAC, as ingestion hands recordings to an engine. */
function normalize(item) {
  const source = join(work, 'speech', item.audio);
  const id = `${item.set}-${basename(item.audio).replace(/\.[^.]+$/, '')}`;
  const audio = join(folder('audio'), `${id}.flac`);
  run('ffmpeg', ['-v', 'error', '-y', '-i', source, '-ac', '1', '-ar', '16000', audio]);
  const sha256 = `sha256:${createHash('sha256').update(readFileSync(audio)).digest('hex')}`;
  const text = readFileSync(source.replace(/\.[^.]+$/, '.txt'), 'utf8').trim();
  return { id, set: item.set, audio, sha256, ms: Math.round(item.seconds * 1000), text };
}

/** id -> what the model wrote. */
function decode(model, name, items) {
  const results = join(work, `${name}-${createHash('sha256').update(model).digest('hex').slice(0, 8)}.jsonl`);
  const job = write('transcribe.json', {
    protocol: 1,
    command: 'transcribe',
    model_directory: model,
    language: 'en',
    threads: 2,
    items: items.map(({ id, audio }) => ({ id, audio })),
    results,
  });
  run(engine, ['transcribe', job]);
  const lines = readFileSync(results, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return new Map(lines.map(({ id, text }) => [id, text]));
}

function run(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${status}\n${stdout?.slice(-2000)}\n${stderr}`);
}

function write(name, content) {
  const path = join(work, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

function folder(name) {
  const path = join(work, name);
  mkdirSync(path, { recursive: true });
  return path;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
