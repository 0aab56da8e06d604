/**
 * What a run costs beside the engine: a whole run (request, queue, runner, downloads, training, uploads, verification; the decodes of the
 * test set left out) against the bare engine on the same job file. Both at the runner's priority.
 * usage: node bench/run-overhead/run-overhead.mjs [--minutes 5] [--rounds 2]. About five minutes on two cores.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { engine, makeRecordings, startPeers, trainerProgram } from './surroundings.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, rounds: { type: 'string', default: '2' } },
});
const NICE = '10';
const work = mkdtempSync(join(tmpdir(), 'attune-run-overhead-'));
const peers = await startPeers(work);
const trainer = startTrainer();

try {
  const recordings = await makeRecordings(work, Number(values.minutes));
  console.log(`${recordings.train.length} recordings to train on, ${recordings.test.length} to test on`);
  await untilReady();
  const rounds = [];
  // The first round fills the caches of both sides and is not counted.
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    const { seconds, trainSeconds, decodeSeconds, job } = await wholeRun(recordings);
    const engineSeconds = bareEngine(job);
    const measured = { run: seconds - decodeSeconds, inside: trainSeconds, engine: engineSeconds };
    const name = round === 0 ? 'warm-up' : `round ${round}`;
    console.log(
      `${name}: run ${round1(measured.run)} s (its engine ${round1(trainSeconds)} s; decoding, left out, ${round1(decodeSeconds)} s); bare engine ${round1(engineSeconds)} s`,
    );
    if (round > 0) rounds.push(measured);
  }
  const sum = (side) => rounds.reduce((total, round) => total + round[side], 0);
  console.log(
    JSON.stringify({
      bench: 'run-overhead',
      minutes: Number(values.minutes),
      rounds: rounds.length,
      run_seconds: round1(sum('run') / rounds.length),
      engine_seconds: round1(sum('engine') / rounds.length),
      // What the platform itself adds, free of the noise between two runs of the engine.
      platform_seconds: round1((sum('run') - sum('inside')) / rounds.length),
      ratio: Math.round((sum('run') / sum('engine')) * 1000) / 1000,
      promise: 1.15,
    }),
  );
} finally {
  const ended = new Promise((resolve) => trainer.once('exit', resolve));
  trainer.kill('SIGTERM');
  await ended;
  await peers.stop();
  rmSync(work, { recursive: true, force: true });
}

function startTrainer() {
  return spawn(process.execPath, [trainerProgram], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...peers.trainerEnvironment,
      TRAINER_ENGINES: JSON.stringify({ [peers.base.engine]: [engine] }),
      TRAINER_WORK_DIRECTORY: work,
      TRAINER_CACHE_DIRECTORY: join(work, 'cache'),
      TRAINER_NICE: NICE,
      TRAINER_THREADS: '2',
    },
  });
}

async function untilReady() {
  for (;;) {
    const answer = await fetch(`${peers.trainerUrl}/healthz/ready`).catch(() => null);
    if (answer?.ok) return;
    if (trainer.exitCode !== null) throw new Error('the trainer did not start');
    await sleep(100);
  }
}

/** From the request to the verified artifact. The job file and its audio are kept aside for the bare engine. */
async function wholeRun(recordings) {
  const engineSeconds = {};
  const onLog = (chunk) => {
    for (const line of String(chunk).split('\n')) {
      if (!line.includes('"msg":"engine"')) continue;
      const { command, duration_ms } = JSON.parse(line);
      engineSeconds[command] = duration_ms / 1000;
    }
  };
  trainer.stdout.on('data', onLog);
  const started = performance.now();
  const run = await peers.requestRun(recordings);
  const kept = join(work, `kept-${run.id}`);
  for (;;) {
    const folder = join(work, 'runs', `${run.id}-1`);
    if (!existsSync(kept) && existsSync(join(folder, 'train.job.json'))) {
      await sleep(200);
      cpSync(folder, kept, {
        recursive: true,
        filter: (path) => !path.includes('checkpoints') && !path.includes('artifact'),
      });
    }
    const state = await peers.stateOf(run.id);
    if (state === 'evaluating') break;
    if (state === 'failed') throw new Error('the run failed');
    await sleep(50);
  }
  const seconds = (performance.now() - started) / 1000;
  trainer.stdout.off('data', onLog);
  await peers.finish(run);
  const original = join(work, 'runs', `${run.id}-1`);
  const job = readFileSync(join(kept, 'train.job.json'), 'utf8').replaceAll(original, kept);
  const path = join(kept, 'bare.job.json');
  writeFileSync(path, job);
  const { train: trainSeconds, 'decode-base': base, 'decode-custom': custom } = engineSeconds;
  return { seconds, trainSeconds, decodeSeconds: base + custom, job: path };
}

function bareEngine(job) {
  const started = performance.now();
  const { status, stderr } = spawnSync('nice', ['-n', NICE, engine, 'train', job], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`the bare engine ended with ${status}\n${stderr}`);
  return (performance.now() - started) / 1000;
}

function round1(value) {
  return Math.round(value * 10) / 10;
}
