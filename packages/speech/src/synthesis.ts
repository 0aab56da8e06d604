import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inParallel } from '@attune/kernel';
import { MissingProgramsError, ProgramFailedError, runProgram } from './programs';
import { spokenForm } from './text/spoken-form';
import { voices, type Voice, type VoiceName } from './voices';
import { readWave, writeSound, type Waveform } from './waveform';

/** A text as it is written, and who speaks it. */
export interface Utterance {
  readonly text: string;
  readonly voice: VoiceName;
}

interface Recording<T extends Utterance = Utterance> {
  readonly utterance: T;
  readonly index: number;
  readonly file: string;
}

/** Festival loads for longer than it speaks a sentence, so one process gets many; each process is one job for a core. */
const FESTIVAL_BATCH = 12;

async function speakByFlite({ utterance, file }: Recording): Promise<void> {
  await runProgram('flite', ['-voice', voices[utterance.voice].id, '-t', spokenForm(utterance.text), '-o', file]);
}

async function speakByFestival(batch: readonly Recording[]): Promise<void> {
  // Scheme reads JSON's string literals: the spoken form has no character that the two escape differently.
  const commands = batch.flatMap(({ utterance, file }) => [
    `(voice_${voices[utterance.voice].id})`,
    `(utt.save.wave (utt.synth (Utterance Text ${JSON.stringify(spokenForm(utterance.text))})) ${JSON.stringify(file)} 'riff)`,
  ]);
  try {
    await runProgram('festival', ['--batch', ...commands]);
  } catch (error) {
    if (!(error instanceof ProgramFailedError)) throw error;
    const absent = batch
      .map(({ utterance }) => voices[utterance.voice])
      .find(({ id }) => error.message.includes(`unbound variable : voice_${id}`));
    throw absent ? new MissingProgramsError([`the voice ${absent.id}`], [absent.debianPackage]) : error;
  }
}

function inBatches<T extends Utterance>(recordings: readonly Recording<T>[]): Recording<T>[][] {
  const byVoice = [...recordings].sort((a, b) => a.utterance.voice.localeCompare(b.utterance.voice));
  return Array.from({ length: Math.ceil(byVoice.length / FESTIVAL_BATCH) }, (_, i) =>
    byVoice.slice(i * FESTIVAL_BATCH, (i + 1) * FESTIVAL_BATCH),
  );
}

/**
 * Speaks every utterance, on all cores, and hands each sound on as soon as it is there; answers in the order given.
 * The same utterances give the same samples on the same versions of flite and festival.
 * @throws MissingProgramsError when a program or a voice is not installed; RangeError when a text has nothing to speak
 */
export async function speakAll<T extends Utterance, R>(
  utterances: readonly T[],
  then: (sound: Waveform, utterance: T) => Promise<R>,
): Promise<R[]> {
  const mute = utterances.find(({ text }) => !/[\p{L}\d]/u.test(text));
  if (mute) throw new RangeError(`There is nothing to speak in ${JSON.stringify(mute.text)}`);
  const folder = await mkdtemp(join(tmpdir(), 'attune-speech-'));
  try {
    const results: R[] = [];
    const recordings = utterances.map((utterance, index) => ({ utterance, index, file: join(folder, `${index}.wav`) }));
    const finish = async ({ utterance, index, file }: Recording<T>) => {
      results[index] = await then(await readWave(file), utterance);
      await rm(file);
    };
    const spokenBy = (program: Voice['program']) =>
      recordings.filter(({ utterance }) => voices[utterance.voice].program === program);
    const jobs = [
      ...inBatches(spokenBy('festival')).map((batch) => async () => {
        await speakByFestival(batch);
        for (const recording of batch) await finish(recording);
      }),
      ...spokenBy('flite').map((recording) => async () => {
        await speakByFlite(recording);
        await finish(recording);
      }),
    ];
    await inParallel(jobs, availableParallelism(), (job) => job());
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Speaks one text into a file of the format that its name ends in (wav, flac, mp3, m4a, ogg). */
export async function speak(text: string, voice: VoiceName, file: string): Promise<void> {
  await speakAll([{ text, voice }], (sound) => writeSound(sound, file));
}
