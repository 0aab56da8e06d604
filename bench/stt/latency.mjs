/**
 * What /api/v3/stt adds to the engine: the same clip is sent through the public API (key, proxy, sandboxed decode, engine) and given to
 * a bare engine process, in turns, both warm. usage: node bench/stt/latency.mjs [--seconds 10] [--rounds 30] [--format mp3]
 * Prints a table and, last, one JSON line. Under a minute. `npm test` or `npm run demo` must have set things up.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '../statistics.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const from = (app) => createRequire(join(root, app, 'package.json'));
const { startPlatform, readSettings } = from('deploy/demo')('@attune/launcher');
const { AttuneClient } = from('deploy/demo')('@attune/client');
const { speak } = from('deploy/demo')('@attune/speech');
const { EngineServer } = from('apps/stt')('@attune/engine-protocol');
const { freePort } = from('deploy/launcher')('@attune/embedded');

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '30' },
    format: { type: 'string', default: 'mp3' },
  },
});
const WARM_UP_ROUNDS = 3;
const rounds = Number(values.rounds);
const engineProgram = join(root, 'apps', 'engine-whisper', 'bin', 'engine-whisper');
const base = join(process.env.ATTUNE_CACHE_DIR ?? join(homedir(), '.cache', 'attune'), 'bases', 'whisper-tiny.en');
const work = mkdtempSync(join(tmpdir(), 'attune-stt-bench-'));
const engine = new EngineServer({ command: [engineProgram] });
let platform;

try {
  const { clip, wav } = await makeClip();
  platform = await startPlatform(
    readSettings({ ...process.env, ATTUNE_HOME: join(work, 'home'), ATTUNE_PORT: String(await freePort()) }),
  );
  const client = new AttuneClient({ baseUrl: platform.url, apiKey: readFileSync(platform.keyFile, 'utf8').trim() });
  await engine.start();

  const throughApi = () => client.transcribe(clip, { model: 'general', language: 'en' });
  const throughEngine = () =>
    engine.request({ model_directory: join(base, 'ctranslate2'), audio: wav, language: 'en' });
  const [api, bare] = [[], []];
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
    const [apiMs, bareMs] = [await timed(throughApi), await timed(throughEngine)];
    if (round < WARM_UP_ROUNDS) continue;
    api.push(apiMs);
    bare.push(bareMs);
  }
  const [apiMs, engineMs] = [api, bare].map((times) => Math.round(median(times)));
  const result = {
    bench: 'stt',
    clip_seconds: Number(values.seconds),
    format: values.format,
    rounds,
    api_ms: apiMs,
    engine_ms: engineMs,
    overhead_ms: apiMs - engineMs,
    ratio: Number((apiMs / engineMs).toFixed(3)),
  };
  console.log(`/api/v3/stt  ${result.api_ms} ms\nbare engine  ${result.engine_ms} ms\n`);
  console.log(JSON.stringify(result));
} finally {
  await engine.stop();
  await platform?.stop();
  rmSync(work, { recursive: true, force: true });
}

/** A clip of speech as a customer sends it, and the same as the engine hears it. */
async function makeClip() {
  const [spoken, clip, wav] = ['spoken.wav', `clip.${values.format}`, 'clip.wav'].map((name) => join(work, name));
  const sentence = 'The patient was seen in the clinic this morning and the chest film shows no acute change.';
  await speak(
    Array(Math.ceil(Number(values.seconds) / 4))
      .fill(sentence)
      .join(' '),
    'slt',
    spoken,
  );
  execFileSync('ffmpeg', ['-v', 'error', '-i', spoken, '-t', values.seconds, '-ar', '44100', clip]);
  execFileSync('ffmpeg', ['-v', 'error', '-i', clip, '-ac', '1', '-ar', '16000', wav]);
  return { clip, wav };
}

async function timed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
