import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { durationOf, emit, sha256 } from './protocol.mjs';

/**
 * Cuts each recording into equal parts of at most `max_seconds`, each with its share of the words. The last part is given up as unmatched,
 * so that callers meet both outcomes.
 */
export async function align(job, script) {
  await script.at('align:start');
  emit({ type: 'stage', stage: 'aligning' });
  mkdirSync(job.output_directory, { recursive: true });
  const lines = job.items.map((item) => {
    const content = readFileSync(item.audio);
    const duration = durationOf(content);
    const parts = Math.max(2, Math.ceil(duration / job.max_seconds));
    const words = item.transcript.split(/\s+/);
    const utterances = [];
    for (let i = 0; i < parts - 1; i += 1) {
      const audio = join(job.output_directory, `${item.id}-${String(i + 1).padStart(4, '0')}.flac`);
      const from = Math.floor((content.length * i) / parts);
      const piece = content.subarray(from, Math.floor((content.length * (i + 1)) / parts));
      const transcript = words
        .slice(Math.floor((words.length * i) / parts), Math.floor((words.length * (i + 1)) / parts))
        .join(' ');
      if (transcript === '') continue;
      writeFileSync(audio, piece);
      utterances.push({
        audio,
        sha256: sha256(piece),
        start: (duration * i) / parts,
        end: (duration * (i + 1)) / parts,
        transcript,
      });
    }
    const unmatched = [
      { start: (duration * (parts - 1)) / parts, end: duration, reason: 'the speech does not match the transcript' },
    ];
    return { id: item.id, utterances, unmatched };
  });
  writeFileSync(job.results, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  emit({ type: 'progress', done: lines.length, total: lines.length, eta_seconds: 0 });
}
