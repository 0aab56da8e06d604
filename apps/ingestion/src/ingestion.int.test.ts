import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '@attune/http';
import { delay, type ModelId } from '@attune/kernel';
import { createLogger } from '@attune/observability';
import { eventually } from '@attune/testing';
import { AppModule } from './app.module';
import { ItemExaminer } from './items/item-examiner';
import { IngestionLab, type Uploaded } from './test-support/ingestion-lab';

const WORDS = 'the patient was seen in the clinic today';
const noise = (seconds: number): string[] => ['-f', 'lavfi', '-i', `anoisesrc=d=${String(seconds)}:a=0.2:seed=1`];

const scopeOf = ({ organization_id, model_id, item_id }: Uploaded) => ({ organization_id, model_id, item_id });

describe('ingestion', () => {
  let lab: IngestionLab;
  let app: NestFastifyApplication;
  let mp3: Buffer;

  beforeAll(async () => {
    lab = await IngestionLab.start();
    const logger = createLogger('ingestion', 'silent');
    app = await createHttpApp(AppModule.forRoot(lab.env, logger), { logger });
    await app.init();
    mp3 = await lab.audio('five.mp3', ...noise(5), '-b:a', '128k');
  });
  afterAll(async () => {
    await app.close();
    await lab.stop();
  });

  it('turns a good pair into FLAC and clean text, tells their digests and length, and empties the quarantine', async () => {
    const item = await lab.upload(mp3, `\ufeff  ${WORDS}\r\n`);
    const [verdict] = await lab.verdicts('ingestion.data-validated.v1', item);
    expect(verdict).toMatchObject({ organization_id: item.organization_id, model_id: 1, issues: [] });
    expect(Math.abs((verdict?.audio_ms ?? 0) - 5000)).toBeLessThan(60);
    const stored = await text(await lab.store.get(verdict?.transcript_key ?? ''));
    expect(stored).toBe(WORDS);
    expect(verdict?.transcript_sha256).toBe(`sha256:${createHash('sha256').update(WORDS).digest('hex')}`);
    await eventually(async () => expect(await lab.objectsOf(item)).toEqual(['audio.flac', 'transcript.txt']));
    expect(await readdir(lab.env.work.directory)).toEqual([]);
  });

  describe('refuses with the code of the contract, and nothing of the pair stays stored', () => {
    const words = Buffer.from(WORDS);
    const cases: [string, () => Promise<[Buffer, Buffer | string]>, string, string][] = [
      [
        'not audio',
        () => Promise.resolve([Buffer.from('only text '.repeat(50)), words]),
        'UNSUPPORTED_AUDIO_FORMAT',
        'AUDIO_UNKNOWN_FORMAT',
      ],
      ['0 bytes', () => Promise.resolve([Buffer.alloc(0), words]), 'UNSUPPORTED_AUDIO_FORMAT', 'AUDIO_EMPTY'],
      [
        'video without sound',
        async () => [await lab.audio('silent.mp4', '-f', 'lavfi', '-i', 'testsrc=d=1:s=64x64'), words],
        'UNSUPPORTED_AUDIO_FORMAT',
        'AUDIO_NO_AUDIO',
      ],
      [
        'truncated',
        () => Promise.resolve([mp3.subarray(0, mp3.length / 2), words]),
        'UNSUPPORTED_AUDIO_FORMAT',
        'AUDIO_TRUNCATED',
      ],
      [
        'a playlist named .wav',
        () => Promise.resolve([Buffer.from('#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n'), words]),
        'UNSUPPORTED_AUDIO_FORMAT',
        'AUDIO_UNKNOWN_FORMAT',
      ],
      [
        'the wrong encoding',
        () => Promise.resolve([mp3, Buffer.from('un caf\u00e9', 'latin1')]),
        'INVALID_TRANSCRIPT',
        'TRANSCRIPT_NOT_UTF8',
      ],
      ['an empty transcript', () => Promise.resolve([mp3, ' \n']), 'INVALID_TRANSCRIPT', 'TRANSCRIPT_EMPTY'],
      [
        'a transcript over 1 MiB',
        () => Promise.resolve([mp3, 'a '.repeat(600_000)]),
        'INVALID_TRANSCRIPT',
        'TRANSCRIPT_TOO_LARGE',
      ],
      [
        'far too many words',
        () => Promise.resolve([mp3, 'word '.repeat(200)]),
        'INVALID_TRANSCRIPT',
        'TRANSCRIPT_TOO_LONG_FOR_AUDIO',
      ],
    ];
    // All at once: any number may be under way, and the quarantine is emptied every few seconds.
    const uploads = new Map<string, Uploaded>();
    beforeAll(async () => {
      for (const [name, pair] of cases) uploads.set(name, await lab.upload(...(await pair())));
    });

    test.each(cases)('%s', async (name, _pair, code, issue) => {
      const item = uploads.get(name);
      if (item === undefined) throw new Error('was not uploaded');
      const [verdict] = await lab.verdicts('ingestion.data-rejected.v1', item);
      const fix = expect.stringMatching(/\w/) as string;
      expect(verdict).toMatchObject({ code, issues: [{ code: issue, severity: 'error', fix }] });
      await eventually(async () => expect(await lab.objectsOf(item)).toEqual([]));
    });
  });

  it('warns about a pair that is hardly plausible, and keeps it', async () => {
    const item = await lab.upload(await lab.audio('long.flac', ...noise(30)), 'only three words');
    const [verdict] = await lab.verdicts('ingestion.data-validated.v1', item);
    expect(verdict?.issues).toMatchObject([{ code: 'TRANSCRIPT_TOO_SHORT_FOR_AUDIO', severity: 'warning' }]);
  });

  it('gives one report however often the upload is announced, and tells a verdict again to whoever asks again', async () => {
    const item = await lab.quarantine(mp3, WORDS);
    await Promise.all([1, 2, 3].map(() => lab.models.publish('models.data-uploaded.v1', item)));
    const verdicts = await lab.verdicts('ingestion.data-validated.v1', item, 3);
    expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict))).size).toBe(1);
    const reports = await lab.database.query('system', 'SELECT FROM ingestion_report WHERE item_id = $1', [
      item.item_id,
    ]);
    expect(reports).toHaveLength(1);
    // The quarantine is empty by then, and the answer is the same.
    await eventually(async () => expect(await lab.objectsOf(item)).toHaveLength(2));
    await lab.models.publish('models.data-uploaded.v1', item);
    await lab.verdicts('ingestion.data-validated.v1', item, 4);
  });

  it('keeps nothing of a deleted model, neither rows nor what was being decoded meanwhile', async () => {
    const model = 77 as ModelId;
    const before = await lab.upload(mp3, WORDS, model);
    await lab.verdicts('ingestion.data-validated.v1', before);
    const scope = { organization_id: before.organization_id, model_id: model };
    await lab.models.publish('models.model-deleted.v1', scope);
    await eventually(() => expect(lab.models.receivedOf('ingestion.model-erased.v1')).toContainEqual(scope));
    expect(await lab.database.query('system', 'SELECT FROM ingestion_report WHERE model_id = $1', [model])).toEqual([]);

    const late = await lab.quarantine(mp3, WORDS, model);
    const ofSameModel = { ...late, organization_id: before.organization_id };
    const moved = {
      ...ofSameModel,
      audio_key: before.audio_key,
      transcript_key: before.transcript_key,
      item_id: before.item_id,
    };
    await lab.models.publish('models.data-uploaded.v1', moved);
    await eventually(async () => expect(await lab.objectsOf(before)).toEqual([]));
    await delay(300);
    expect(await lab.database.query('system', 'SELECT FROM ingestion_report WHERE model_id = $1', [model])).toEqual([]);
  });

  it('keeps nothing of a deleted pair, neither its report nor what was being decoded meanwhile', async () => {
    const before = await lab.upload(mp3, WORDS);
    await lab.verdicts('ingestion.data-validated.v1', before);
    await lab.models.publish('models.data-deleted.v1', scopeOf(before));
    await eventually(async () =>
      expect(
        await lab.database.query('system', 'SELECT FROM ingestion_report WHERE item_id = $1', [before.item_id]),
      ).toEqual([]),
    );

    // The deletion comes first, then the upload that was on its way: what is decoded leaves nothing.
    const late = await lab.quarantine(mp3, WORDS);
    await lab.models.publish('models.data-deleted.v1', scopeOf(late));
    await eventually(async () =>
      expect(
        await lab.database.query('system', 'SELECT FROM erased_item WHERE item_id = $1', [late.item_id]),
      ).toHaveLength(1),
    );
    await lab.models.publish('models.data-uploaded.v1', late);
    await eventually(async () => expect(await lab.objectsOf(late)).toEqual([]));
    expect(
      await lab.database.query('system', 'SELECT FROM ingestion_report WHERE item_id = $1', [late.item_id]),
    ).toEqual([]);
  });

  it('leaves nothing of a pair that is deleted while it is decoded', async () => {
    const examiner = app.get(ItemExaminer);
    const examine = examiner.examine.bind(examiner);
    let decoded: () => void = () => undefined;
    const isDecoded = new Promise<void>((resolve) => (decoded = resolve));
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const spy = jest.spyOn(examiner, 'examine').mockImplementation(async (item, signal) => {
      const report = await examine(item, signal);
      decoded();
      await held;
      return report;
    });
    const item = await lab.upload(mp3, WORDS);
    await isDecoded;
    spy.mockRestore();
    expect(await lab.objectsOf(item)).toContain('audio.flac');
    await lab.models.publish('models.data-deleted.v1', scopeOf(item));
    await eventually(async () =>
      expect(
        await lab.database.query('system', 'SELECT FROM erased_item WHERE item_id = $1', [item.item_id]),
      ).toHaveLength(1),
    );
    goOn();
    await eventually(async () => expect(await lab.objectsOf(item)).toEqual([]));
    expect(
      await lab.database.query('system', 'SELECT FROM ingestion_report WHERE item_id = $1', [item.item_id]),
    ).toEqual([]);
    expect(await readdir(lab.env.work.directory)).toEqual([]);
  });

  it('answers health and metrics, ready with every dependency named', async () => {
    const ready = await app.inject({ url: '/healthz/ready' });
    expect(ready.json()).toEqual({ status: 'ok', checks: { postgres: 'ok', nats: 'ok', store: 'ok' } });
    expect((await app.inject({ url: '/healthz/live' })).statusCode).toBe(200);
    expect((await app.inject({ url: '/metrics' })).body).toContain('events');
  });
});
