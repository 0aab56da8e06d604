import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFolder } from './base.mjs';
import { digestOf, durationOf, emit, EngineFault, sha256 } from './protocol.mjs';

/**
 * "Trains": every step folds the seed, the base and the items into a running hash, so a resumed run ends with the same artifact as an unbroken
 * one and any difference in data, order or seed shows in the digest.
 */
export async function train(job, script) {
  let stopRequested = false;
  process.on('SIGTERM', () => (stopRequested = true));
  await script.at('train:start');
  emit({ type: 'stage', stage: 'loading' });
  if (!existsSync(join(job.base.directory, 'transformers', 'model.safetensors'))) {
    throw new EngineFault(70, 'BASE_UNREADABLE', 'The base model cannot be read.');
  }
  emit({ type: 'stage', stage: 'preparing' });
  const learned = job.items.map((item) => {
    const content = readFileSync(item.audio);
    if (sha256(content) !== item.sha256) throw new EngineFault(65, 'BAD_DATA', `Recording ${item.id} is damaged.`);
    return { sha256: item.sha256, seconds: durationOf(content), transcript: item.transcript };
  });
  const { checkpoint_directory: _c, output_directory: _o, threads: _t, items, ...rest } = job;
  const base = job.base.digest;
  const stable = { ...rest, base, items: items.map(({ audio: _, ...item }) => item) };
  const fingerprint = sha256(JSON.stringify(stable));

  let { step, state } = resume(job.checkpoint_directory, fingerprint);
  emit({ type: 'stage', stage: 'training' });
  while (step < script.steps) {
    await script.at(`train:step:${step + 1}`);
    await sleep(script.stepMs);
    step += 1;
    state = sha256(`${state} ${step}`);
    emit({ type: 'metric', name: 'train_loss', value: 1 / step, step, epoch: 1 });
    emit({
      type: 'progress',
      done: step,
      total: script.steps,
      eta_seconds: ((script.steps - step) * script.stepMs) / 1000,
    });
    if (stopRequested || step % script.checkpointEvery === 0) {
      emit(saveCheckpoint(job.checkpoint_directory, { fingerprint, step, state }));
      await script.at(`train:checkpoint:${step}`);
    }
    if (stopRequested) throw new EngineFault(75, 'INTERNAL', 'interrupted');
  }
  emit({ type: 'stage', stage: 'packaging' });
  await script.at('train:packaging');
  const files = writeFolder(job.output_directory, {
    'adapter/adapter_config.json': JSON.stringify({ method: job.method ?? 'lora' }),
    'adapter/adapter_model.safetensors': state,
    'ctranslate2/config.json': '{"kind":"scripted"}',
    'ctranslate2/model.bin': JSON.stringify({ kind: 'custom', state, transcripts: learned }),
    'model-card.json': JSON.stringify({ base, seed: job.seed, items: learned.length }),
  });
  const metrics = { train_loss: 1 / step };
  emit({ type: 'log', level: 'info', message: `Learned ${learned.length} transcripts in ${step} steps.` });
  emit({ type: 'artifact', directory: job.output_directory, files, digest: digestOf(files), metrics });
}

function checkpoints(directory) {
  mkdirSync(directory, { recursive: true });
  const steps = readdirSync(directory).flatMap((name) => /^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? []);
  return steps.map(Number).sort((a, b) => b - a);
}

function resume(directory, fingerprint) {
  for (const step of checkpoints(directory)) {
    try {
      const saved = JSON.parse(readFileSync(join(directory, `step-${step}.safetensors`), 'utf8'));
      if (saved.fingerprint === fingerprint) {
        emit({ type: 'log', level: 'info', message: `Going on from step ${saved.step}.` });
        return saved;
      }
    } catch {
      // Damaged: said below.
    }
    emit({ type: 'log', level: 'warning', message: `The checkpoint of step ${step} is damaged or of another job.` });
  }
  return { step: 0, state: fingerprint };
}

function saveCheckpoint(directory, checkpoint) {
  const path = join(directory, `step-${checkpoint.step}.safetensors`);
  const text = JSON.stringify(checkpoint);
  writeFileSync(`${path}.half`, text);
  renameSync(`${path}.half`, path);
  for (const old of checkpoints(directory).slice(2)) rmSync(join(directory, `step-${old}.safetensors`));
  return { type: 'checkpoint', path, step: checkpoint.step, bytes: Buffer.byteLength(text), sha256: sha256(text) };
}
