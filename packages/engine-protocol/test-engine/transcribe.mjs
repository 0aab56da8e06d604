import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { decode } from './decode.mjs';
import { emit, EngineFault } from './protocol.mjs';

export async function transcribe(job, script) {
  let stopRequested = false;
  process.on('SIGTERM', () => (stopRequested = true));
  await script.at('transcribe:start');
  emit({ type: 'stage', stage: 'transcribing' });
  const done = keepWholeLines(job.results);
  let count = done.size;
  for (const item of job.items) {
    if (done.has(item.id)) continue;
    await script.at(`transcribe:item:${count + 1}`);
    if (script.itemMs > 0) await sleep(script.itemMs);
    if (stopRequested) throw new EngineFault(75, 'INTERNAL', 'interrupted');
    const line = { id: item.id, language: job.language, ...decode(job.model_directory, item.audio) };
    appendFileSync(job.results, `${JSON.stringify(line)}\n`);
    count += 1;
    emit({
      type: 'progress',
      done: count,
      total: job.items.length,
      eta_seconds: ((job.items.length - count) * script.itemMs) / 1000,
    });
  }
  if (job.items.length === 0) writeFileSync(job.results, '');
}

/** Ids of the results already there; a half line at the end, left by a kill, is cut off. */
function keepWholeLines(path) {
  if (!existsSync(path)) return new Set();
  const whole = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  writeFileSync(path, whole.map((line) => `${line}\n`).join(''));
  return new Set(whole.map((line) => JSON.parse(line).id));
}
