import { Readable } from 'node:stream';
import type { UploadReceipt } from '@attune/contracts';
import type { EventPayload } from '@attune/events';
import { newId, type ItemId, type ModelId, type OrganizationId } from '@attune/kernel';
import { eventually } from '@attune/testing';
import { audioKey, transcriptKey, uploadPrefix, type ItemPlace } from '@attune/storage';
import type { Answer, CallOptions, TestApi } from './test-api';

export interface Pair {
  type?: string | undefined;
  audio?: Blob | string | undefined;
  audioName?: string;
  transcript?: Blob | string | undefined;
  transcriptName?: string;
}

/** A form with the usual three parts, the recording another one each time; a part set to undefined is left out. */
export function uploadForm(pair: Pair = {}): FormData {
  const {
    type = 'train',
    audio = `RIFF....WAVE ${newId()}`,
    transcript = 'the heart is enlarged',
  } = {
    ...('type' in pair ? { type: pair.type } : {}),
    ...('audio' in pair ? { audio: pair.audio } : {}),
    ...('transcript' in pair ? { transcript: pair.transcript } : {}),
  };
  const form = new FormData();
  if (!('type' in pair) || pair.type !== undefined) form.append('type', type);
  if (!('audio' in pair) || pair.audio !== undefined) {
    form.append('audio_file', new Blob([audio]), pair.audioName ?? 'letter_01.mp3');
  }
  if (!('transcript' in pair) || pair.transcript !== undefined) {
    form.append('transcript_file', new Blob([transcript]), pair.transcriptName ?? 'letter_01.txt');
  }
  return form;
}

export function putData<T = UploadReceipt>(
  api: TestApi,
  modelId: number | string,
  form: FormData = uploadForm(),
  key = api.tenant.key,
): Promise<Answer<T>> {
  return api.call<T>('PUT', `/api/v3/custom_models/${String(modelId)}/data`, { body: form, key });
}

type Uploaded = EventPayload<'models.data-uploaded.v1'>;

/** Ingestion's part: waits for the next upload of the model that is not among `known` and answers its event. */
export async function nextUpload(
  api: TestApi,
  modelId: number,
  known: ReadonlySet<string> = new Set(),
): Promise<Uploaded> {
  return eventually(() => {
    const event = api
      .sent('models.data-uploaded.v1')
      .find(({ data }) => data.model_id === modelId && !known.has(data.item_id));
    if (!event) throw new Error('no upload yet');
    return event.data;
  });
}

export function placeOf(uploaded: Uploaded): ItemPlace {
  return {
    organizationId: uploaded.organization_id as OrganizationId,
    modelId: uploaded.model_id as ModelId,
    itemId: uploaded.item_id as ItemId,
  };
}

/** Ingestion accepts an item. */
export async function acceptItem(api: TestApi, uploaded: Uploaded, audioMs = 90_000): Promise<void> {
  const place = placeOf(uploaded);
  await api.publish(place.organizationId, 'ingestion.data-validated.v1', {
    organization_id: uploaded.organization_id,
    model_id: uploaded.model_id,
    item_id: uploaded.item_id,
    audio_ms: audioMs,
    normalized_key: audioKey(place),
    normalized_sha256: `sha256:${'1'.repeat(64)}`,
    transcript_key: transcriptKey(place),
    transcript_sha256: `sha256:${'2'.repeat(64)}`,
    issues: [],
  });
}

export interface Normalized {
  audio?: string | Buffer;
  text?: string;
  audioMs?: number;
  issues?: EventPayload<'ingestion.data-validated.v1'>['issues'];
}

/** Ingestion accepts an item and stores what it made of it, as it does. */
export async function acceptWithBytes(api: TestApi, uploaded: Uploaded, normalized: Normalized = {}): Promise<void> {
  const { audio = 'fLaC bytes', text = 'the heart is enlarged', audioMs = 90_000, issues = [] } = normalized;
  const place = placeOf(uploaded);
  const flac = await api.store.put(audioKey(place), Readable.from([Buffer.from(audio as string)]));
  const transcript = await api.store.put(transcriptKey(place), Readable.from([Buffer.from(text)]));
  await api.store.deletePrefix(uploadPrefix(place));
  await api.publish(place.organizationId, 'ingestion.data-validated.v1', {
    organization_id: uploaded.organization_id,
    model_id: uploaded.model_id,
    item_id: uploaded.item_id,
    audio_ms: audioMs,
    normalized_key: audioKey(place),
    normalized_sha256: flac.sha256,
    transcript_key: transcriptKey(place),
    transcript_sha256: transcript.sha256,
    issues,
  });
}

/** One pair, uploaded, accepted, and with its normalized bytes in the store. */
export async function storedItem(
  api: TestApi,
  modelId: number,
  pair: Pair = {},
  normalized: Normalized = {},
): Promise<UploadReceipt> {
  const known = new Set(api.sent('models.data-uploaded.v1').map(({ data }) => data.item_id));
  const sending = putData(api, modelId, uploadForm(pair));
  await acceptWithBytes(api, await nextUpload(api, modelId, known), {
    ...(typeof pair.transcript === 'string' ? { text: pair.transcript } : {}),
    ...normalized,
  });
  const answer = await sending;
  if (answer.status !== 200) throw new Error(`upload: ${answer.text}`);
  return answer.body;
}

/** The address of a model's items, or of one of them. */
export function dataPath(modelId: number, dataId = ''): string {
  return `/api/v3/custom_models/${String(modelId)}/data${dataId === '' ? '' : `/${dataId}`}`;
}

/** Ingestion refuses an item. */
export async function rejectItem(api: TestApi, uploaded: Uploaded, message = 'This is not audio'): Promise<void> {
  await api.publish(uploaded.organization_id as OrganizationId, 'ingestion.data-rejected.v1', {
    organization_id: uploaded.organization_id,
    model_id: uploaded.model_id,
    item_id: uploaded.item_id,
    code: 'UNSUPPORTED_AUDIO_FORMAT',
    message,
    issues: [],
  });
}

/** One pair, uploaded and accepted. */
export async function uploadAccepted(
  api: TestApi,
  modelId: number,
  options: { type?: string; audioMs?: number; key?: string } = {},
): Promise<UploadReceipt> {
  const known = new Set(api.sent('models.data-uploaded.v1').map(({ data }) => data.item_id));
  const answering = nextUpload(api, modelId, known).then((uploaded) => acceptItem(api, uploaded, options.audioMs));
  const form = uploadForm(options.type === undefined ? {} : { type: options.type });
  const [answer] = await Promise.all([putData(api, modelId, form, options.key), answering]);
  if (answer.status !== 200) throw new Error(`upload: ${answer.text}`);
  return answer.body;
}

/** A model with 90 s of accepted training audio. */
export async function trainableModel(api: TestApi, key = api.tenant.key): Promise<number> {
  const { id } = await api.createModel({}, key);
  await uploadAccepted(api, id, { key });
  return id;
}

/** A model with a live run. */
export async function runningModel(api: TestApi, key = api.tenant.key): Promise<number> {
  const id = await trainableModel(api, key);
  const answer = await api.call('POST', `/api/v3/custom_models/${String(id)}/run`, { json: {}, key });
  if (answer.status !== 200) throw new Error(`run: ${answer.text}`);
  return id;
}

/** A form of unknown length whose last part comes only when `held` is over. */
export function streamedForm(held: Promise<void>, audio: Iterable<Uint8Array> = [Buffer.from('audio')]): CallOptions {
  const fileHead = (name: string, file: string): Buffer =>
    Buffer.from(`--x\r\ncontent-disposition: form-data; name="${name}"; filename="${file}"\r\n\r\n`);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield fileHead('transcript_file', 'a.txt');
    yield Buffer.from('text\r\n');
    yield fileHead('audio_file', 'a.wav');
    yield* audio;
    yield Buffer.from('\r\n');
    await held;
    yield Buffer.from('--x\r\ncontent-disposition: form-data; name="type"\r\n\r\ntrain\r\n--x--\r\n');
  }
  return { body: ReadableStream.from(chunks()), headers: { 'content-type': 'multipart/form-data; boundary=x' } };
}
