import { mkdir, readdir, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { transcript } from '@attune/contracts';
import { newId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { encoded, toneWav } from './test-support/audio';
import { Platform, TOKEN } from './test-support/platform';
import { TranscriptionsService } from './transcriptions/transcriptions.service';

type Part = [name: string, value: string | Buffer];
interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
}

describe('stt', () => {
  let platform: Platform;
  let app: NestFastifyApplication;
  let url: string;
  const wav = toneWav(1);

  const startApp = async () => {
    app = await platform.startApp();
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${String((app.getHttpServer().address() as AddressInfo).port)}`;
    await eventually(async () => expect((await fetch(`${url}/healthz/ready`)).status).toBe(200));
  };
  beforeAll(async () => {
    platform = await Platform.start();
    await platform.script({});
    // What a killed process left behind.
    await mkdir(join(platform.env.workDirectory, 'job-of-a-dead-process'), { recursive: true });
    await platform.addModel('general', 'the base hears this');
    await platform.addModel('custom_model_7', 'mild cardiomegaly');
    await startApp();
  });
  afterAll(async () => {
    await app.close();
    await platform.stop();
  });

  const headers = { authorization: `Bearer ${TOKEN}`, 'x-attune-organization': newId() };
  const send = async (
    body: string | FormData | Uint8Array,
    change: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Answer> => {
    const answer = await fetch(`${url}/api/v3/stt`, {
      method: 'POST',
      headers: { ...headers, ...change },
      body,
      ...(signal && { signal }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown>, headers: answer.headers };
  };
  const multipart = (parts: Part[]) => {
    const form = new FormData();
    for (const [name, value] of parts) {
      if (typeof value === 'string') form.append(name, value);
      else form.append(name, new Blob([new Uint8Array(value)]), 'clip.wav');
    }
    return form;
  };
  const post = (parts: Part[], signal?: AbortSignal) => send(multipart(parts), {}, signal);
  const json = (body: object) => send(JSON.stringify(body), { 'content-type': 'application/json' });
  const jobs = () => readdir(platform.env.workDirectory);

  it('answers with text, words, duration, model and language, as the contract says', async () => {
    const { status, body } = await post([
      ['model', 'custom_model_7'],
      ['language', 'en'],
      ['audio_file', wav],
    ]);
    expect(status).toBe(200);
    expect(transcript.strict().parse(body)).toMatchObject({
      text: 'mild cardiomegaly',
      words: [{ word: 'mild' }, { word: 'cardiomegaly', confidence: 0.9 }],
      duration: 1,
      model: 'custom_model_7',
      language: 'en',
    });
  });

  it('answers with the very version that was named, and names it', async () => {
    await platform.addModel('custom_model_7@1', 'mild cardiomyopathy');
    const textOf = async (model: string) =>
      (
        await post([
          ['model', model],
          ['audio_file', wav],
        ])
      ).body;
    expect(await textOf('custom_model_7@1')).toMatchObject({ text: 'mild cardiomyopathy', model: 'custom_model_7@1' });
    expect(await textOf('custom_model_7')).toMatchObject({ text: 'mild cardiomegaly', model: 'custom_model_7' });
    expect(await textOf('custom_model_7@2')).toMatchObject({ error_code: 'MODEL_NOT_FOUND' });
  });

  it('takes the parts in any order, and the language of a model that has just one', async () => {
    const { body } = await post([
      ['audio_file', wav],
      ['model', 'general'],
    ]);
    expect(body).toMatchObject({ text: 'the base hears this', model: 'general', language: 'en' });
  });

  it.each(['mp3', 'flac', 'ogg', 'adts'])('decodes %s', async (format) => {
    const { status } = await post([
      ['model', 'general'],
      ['audio_file', encoded(wav, format)],
    ]);
    expect(status).toBe(200);
  });

  it('takes JSON with the recording in base64', async () => {
    const { body } = await json({ model: 'custom_model_7', language: 'en', audio_file: wav.toString('base64') });
    expect(body).toMatchObject({ text: 'mild cardiomegaly' });
  });

  it.each<[string, Part[], number, string, object]>([
    ['nothing', [], 400, 'VALIDATION_ERROR', { model: 'required', audio_file: 'required' }],
    ['no model', [['audio_file', wav]], 400, 'VALIDATION_ERROR', { model: 'required' }],
    ['no recording', [['model', 'general']], 400, 'VALIDATION_ERROR', { audio_file: 'required' }],
    [
      'a recording that is text',
      [
        ['model', 'general'],
        ['audio_file', 'text'],
      ],
      400,
      'VALIDATION_ERROR',
      { audio_file: 'must be a file' },
    ],
    ['a model that is a file', [['model', wav]], 400, 'VALIDATION_ERROR', { model: 'must be a text field' }],
    [
      'an unknown field',
      [
        ['model', 'general'],
        ['url', 'http://x'],
        ['audio_file', wav],
      ],
      400,
      'VALIDATION_ERROR',
      { url: 'unknown field' },
    ],
    [
      'a field twice',
      [
        ['model', 'general'],
        ['model', 'legal'],
        ['audio_file', wav],
      ],
      400,
      'VALIDATION_ERROR',
      { model: 'given more than once' },
    ],
    [
      'a model that there is not',
      [
        ['model', 'custom_model_999'],
        ['audio_file', wav],
      ],
      404,
      'MODEL_NOT_FOUND',
      {},
    ],
    [
      'a model without a version',
      [
        ['model', 'custom_model_1'],
        ['audio_file', wav],
      ],
      409,
      'MODEL_NOT_READY',
      {},
    ],
    [
      'a language it does not know',
      [
        ['model', 'general'],
        ['language', 'de'],
        ['audio_file', wav],
      ],
      400,
      'UNSUPPORTED_LANGUAGE',
      { languages: ['en'] },
    ],
    [
      'what is no audio',
      [
        ['model', 'general'],
        ['audio_file', Buffer.from('%PDF-1.7')],
      ],
      400,
      'UNSUPPORTED_AUDIO_FORMAT',
      {},
    ],
    [
      'an empty recording',
      [
        ['model', 'general'],
        ['audio_file', Buffer.alloc(0)],
      ],
      400,
      'UNSUPPORTED_AUDIO_FORMAT',
      {},
    ],
    [
      'a recording that is too long',
      [
        ['model', 'general'],
        ['audio_file', encoded(toneWav(62), 'mp3')],
      ],
      400,
      'UNSUPPORTED_AUDIO_FORMAT',
      {},
    ],
    [
      'a recording that is too large',
      [
        ['model', 'general'],
        ['audio_file', Buffer.alloc(2_000_001)],
      ],
      413,
      'PAYLOAD_TOO_LARGE',
      { limit_bytes: 2_000_000 },
    ],
  ])('refuses %s', async (_, parts, status, code, details) => {
    const answer = await post(parts);
    expect([answer.status, answer.body['error_code']]).toEqual([status, code]);
    expect(answer.body['details']).toMatchObject(details);
  });

  it.each<[string, () => Promise<Answer>, number, string]>([
    ['plain bytes', () => send(new Uint8Array(wav), { 'content-type': 'audio/wav' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['broken JSON', () => send('{', { 'content-type': 'application/json' }), 400, 'VALIDATION_ERROR'],
    [
      'JSON with an address',
      () => json({ model: 'general', audio_file: 'https://example.org/a.wav' }),
      400,
      'VALIDATION_ERROR',
    ],
    [
      'JSON with an unknown field',
      () => json({ model: 'general', audio_file: 'aaaa', url: 'x' }),
      400,
      'VALIDATION_ERROR',
    ],
    [
      'JSON with too much in it',
      () => json({ model: 'general', audio_file: Buffer.alloc(1_000_001).toString('base64') }),
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'a body far too large',
      () => json({ model: 'general', audio_file: 'a'.repeat(3_000_000) }),
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'multipart without its end',
      () =>
        send('--x\r\ncontent-disposition: form-data; name="model"\r\n\r\ngen', {
          'content-type': 'multipart/form-data; boundary=x',
        }),
      400,
      'VALIDATION_ERROR',
    ],
    [
      'a caller without the token',
      () => send(multipart([]), { authorization: 'Bearer guess' }),
      401,
      'INVALID_API_KEY',
    ],
    [
      'a caller that names no organization',
      () => send(multipart([]), { 'x-attune-organization': 'all' }),
      401,
      'INVALID_API_KEY',
    ],
  ])('refuses %s', async (_, call, status, code) => {
    const answer = await call();
    expect([answer.status, answer.body['error_code']]).toEqual([status, code]);
  });

  it('asks for the language where a model knows several', async () => {
    await platform.addModel('technical', 'words', ['en', 'de']);
    const answer = await post([
      ['model', 'technical'],
      ['audio_file', wav],
    ]);
    expect(answer.body['details']).toEqual({ language: 'required: this model knows several' });
    expect(
      (
        await post([
          ['model', 'technical'],
          ['language', 'EN'],
          ['audio_file', wav],
        ])
      ).status,
    ).toBe(200);
  });

  it('keeps no recording: not after answers, not after refusals, not from a process that died', async () => {
    await post([
      ['model', 'general'],
      ['audio_file', wav],
    ]);
    await post([
      ['model', 'general'],
      ['audio_file', Buffer.alloc(5000, 1)],
    ]);
    await eventually(async () => expect(await jobs()).toEqual([]));
  });

  it('fetches a model anew when its files on disk were damaged, and never answers with another', async () => {
    const model = await platform.addModel('custom_model_8', 'pleural effusion');
    await post([
      ['model', 'custom_model_8'],
      ['audio_file', wav],
    ]);
    await writeFile(await platform.cachedFile(model), 'damaged');
    const { status, body } = await post([
      ['model', 'custom_model_8'],
      ['audio_file', wav],
    ]);
    expect([status, body['text']]).toEqual([200, 'pleural effusion']);
  });

  it('does not serve a model whose stored files are not what they should be', async () => {
    const model = await platform.addModel('custom_model_9', 'x');
    const [file] = model.files;
    if (file) file.sha256 = `sha256:${'0'.repeat(64)}`;
    expect(
      (
        await post([
          ['model', 'custom_model_9'],
          ['audio_file', wav],
        ])
      ).status,
    ).toBe(500);
    expect(await readdir(platform.env.cache.directory)).not.toContain(model.digest.slice(7));
  });

  const clip: Part[] = [
    ['model', 'general'],
    ['audio_file', wav],
  ];
  const restartWith = async (behaviour: object) => {
    await app.close();
    await platform.script(behaviour);
    await startApp();
  };

  it('drops the work of a client that left, and its recording', async () => {
    await restartWith({ item_ms: 120_000 });
    const left = new AbortController();
    const asked = post(clip, left.signal);
    const refused = expect(asked).rejects.toThrow('abort');
    await eventually(async () => expect(await jobs()).toHaveLength(1));
    left.abort();
    await refused;
    await eventually(async () => expect(await jobs()).toEqual([]));
  });

  it('tells one request too many to come back, and serves the others', async () => {
    await restartWith({});
    // All that have a slot are under way at once, for as long as it takes until the last one has come.
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const service = app.get(TranscriptionsService);
    const transcribe = service.transcribe.bind(service);
    jest.spyOn(service, 'transcribe').mockImplementation(async (...args) => {
      await held;
      return transcribe(...args);
    });
    const statuses: number[] = [];
    const all = Array.from({ length: 10 }, () => post(clip).then(({ status }) => statuses.push(status)));
    await eventually(() => expect(statuses).toEqual([503, 503]));
    release();
    await Promise.all(all);
    expect(statuses).toEqual([503, 503, ...Array<number>(8).fill(200)]);
  });

  it('says that it will be back when the engine dies at work, and is', async () => {
    await restartWith({ faults: [{ at: 'serve:request:1', do: 'kill' }] });
    const died = await post(clip);
    expect([died.status, died.body['error_code']]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(died.headers.get('retry-after')).toBeTruthy();
    await eventually(async () => expect((await post(clip)).status).toBe(200));
  });
});
