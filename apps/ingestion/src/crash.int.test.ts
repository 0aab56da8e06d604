import { readdir, readFile } from 'node:fs/promises';
import { eventually, type ServiceProcess } from '@attune/testing';
import { IngestionLab } from './test-support/ingestion-lab';
import { startIngestionProcess } from './test-support/ingestion-process';

const WORDS = 'word '.repeat(600);

function stop(pid: number): void {
  try {
    process.kill(pid, 'SIGSTOP');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

describe('ingestion that is ended in the middle of its work', () => {
  let lab: IngestionLab;
  let audio: Buffer;
  const processes: ServiceProcess[] = [];

  beforeAll(async () => {
    lab = await IngestionLab.start();
    audio = await lab.audio('long.mp3', '-f', 'lavfi', '-i', 'anoisesrc=d=600:a=0.2:seed=1', '-b:a', '64k');
  });
  afterAll(() => lab.stop());
  // What a failed expectation has left would take the next test's work.
  afterEach(() => Promise.all(processes.splice(0).map((one) => one.end('SIGKILL'))));

  const start = async (): Promise<ServiceProcess> => {
    const started = await startIngestionProcess(lab);
    processes.push(started);
    return started;
  };
  const whileDecoding = (): Promise<void> =>
    eventually(
      async () => {
        if ((await decoders()).length === 0) throw new Error('nothing is being decoded');
      },
      { everyMs: 5 },
    );
  /** ffmpeg processes that read from this lab's work folder. */
  const decoders = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.includes(lab.env.work.directory) && command.includes('ffmpeg')) found.push(pid);
    }
    return found;
  };

  test('by kill -9: its decoders die with it, and each pair gets exactly one verdict from the next start', async () => {
    const first = await start();
    const items = await Promise.all(Array.from({ length: 6 }, () => lab.upload(audio, WORDS)));
    await whileDecoding();
    // None of them comes to its end by itself.
    for (const pid of await decoders()) stop(Number(pid));
    await first.end('SIGKILL');
    await eventually(async () => expect(await decoders()).toEqual([]));

    const second = await start();
    // What the dead process had in hand comes back when the broker's wait for its answer is over.
    await eventually(
      async () => expect(await lab.database.query('system', 'SELECT FROM ingestion_report')).toHaveLength(items.length),
      { timeoutMs: 200_000 },
    );
    for (const item of items) {
      const [verdict] = await lab.verdicts('ingestion.data-validated.v1', item);
      expect(Math.abs((verdict?.audio_ms ?? 0) - 600_000)).toBeLessThan(60);
      await eventually(async () => expect(await lab.objectsOf(item)).toEqual(['audio.flac', 'transcript.txt']));
    }
    expect(await readdir(lab.env.work.directory)).toEqual([]);
    await second.end('SIGTERM');
  }, 300_000);

  test('by SIGTERM: it leaves soon, and the pair in its hands is done by the next start', async () => {
    const first = await start();
    const item = await lab.upload(audio, WORDS);
    await whileDecoding();
    const asked = performance.now();
    await first.end('SIGTERM');
    expect(performance.now() - asked).toBeLessThan(20_000);
    expect(await decoders()).toEqual([]);

    const second = await start();
    await lab.verdicts('ingestion.data-validated.v1', item);
    await second.end('SIGTERM');
  });
});
