import { initClient } from '@ts-rest/core';
import {
  contract,
  type ApiFeedEvent,
  type ApiLogLine,
  type ApiModel,
  type ApiRun,
  type ApiVersion,
  type BaseModelKey,
  type Transcript,
  type UploadReceipt,
} from '@attune/contracts';
import { bodyOf, parsed } from './answers';
import { callsOver } from './contract-calls';
import { DataClient } from './data-client';
import { follow, type FollowOptions } from './following';
import { multipartBody } from './multipart';
import { allPages } from './pages';
import { Transport, type TransportOptions } from './transport';
import { waitForData, waitForRun, type DataSummary, type WaitOptions } from './waiting';
import { Webhooks } from './webhooks';

export type AttuneClientOptions = TransportOptions;

export interface NewModel {
  name: string;
  /** ISO 639-1. */
  language: string;
  baseModel?: BaseModelKey;
  description?: string;
}

export interface ModelFilter {
  status?: number;
  language?: string;
  baseModel?: BaseModelKey;
}

export interface Pair {
  type: 'train' | 'test';
  audioPath: string;
  transcriptPath: string;
}

const LOG_LINES_PER_PAGE = 1000;

/**
 * The platform's public API. Every method throws ApiError for a refusal, PlatformUnreachable without an answer, and waits
 * out 429 and 503 within the client's patience. Files are streamed from disk, never held in memory.
 */
export class AttuneClient {
  private readonly transport: Transport;
  private readonly api;
  /** Recordings and transcripts, one by one and as archives. */
  readonly data: DataClient;
  readonly webhooks: Webhooks;

  constructor(options: AttuneClientOptions) {
    this.transport = new Transport(options);
    this.api = initClient(contract, { baseUrl: '', api: callsOver(this.transport) });
    this.data = new DataClient(this.transport);
    this.webhooks = new Webhooks(this.api.webhooks);
  }

  readonly models = {
    create: async (model: NewModel): Promise<ApiModel> => {
      const { baseModel, ...rest } = model;
      return bodyOf(
        await this.api.customModels.create({ body: { ...rest, ...(baseModel && { base_model: baseModel }) } }),
        201,
      );
    },

    /** Every model, newest first, over all pages. */
    list: async (filter: ModelFilter = {}): Promise<ApiModel[]> => {
      const { baseModel, ...rest } = filter;
      const query = { ...rest, ...(baseModel && { base_model: baseModel }) };
      return allPages(async (page) => bodyOf(await this.api.customModels.list({ query: { ...query, ...page } }), 200));
    },

    get: async (id: number): Promise<ApiModel> => bodyOf(await this.api.customModels.get({ params: path(id) }), 200),

    update: async (id: number, change: { name?: string; description?: string | null }): Promise<ApiModel> =>
      bodyOf(await this.api.customModels.update({ params: path(id), body: change }), 200),

    /** Deletes the model with its audio, transcripts and artifacts, for ever. */
    remove: async (id: number): Promise<void> => {
      bodyOf(await this.api.customModels.remove({ params: path(id) }), 204);
    },
  };

  /**
   * Uploads one recording with its transcript. `onBytes` is told how many more bytes went out (a retry starts anew).
   * The receipt's `item_status` is `processing` when the verdict takes longer than the platform waits for it.
   */
  async uploadPair(
    modelId: number,
    pair: Pair,
    options: { onBytes?: (bytes: number) => void } = {},
  ): Promise<UploadReceipt> {
    const route = contract.customModels.uploadData;
    const files = [
      { field: 'audio_file', path: pair.audioPath },
      { field: 'transcript_file', path: pair.transcriptPath },
    ];
    const body = await multipartBody({ type: pair.type }, files, options.onBytes);
    const answer = await this.transport.send({
      method: route.method,
      path: route.path.replace(':id', String(modelId)),
      body,
    });
    return parsed(route.responses[200], answer);
  }

  /** How many items of each type are processing, ready and rejected. */
  async dataSummary(modelId: number): Promise<DataSummary> {
    return bodyOf(await this.api.customModels.dataSummary({ params: path(modelId) }), 200);
  }

  /** Starts training on all data that is ready. The answer's `training_status` is 3. */
  async startRun(modelId: number): Promise<ApiModel> {
    return bodyOf(await this.api.customModels.run({ params: path(modelId), body: {} }), 200);
  }

  /** Asks for the end of the model's live run; it ends within seconds. Throws ApiError MODEL_NOT_READY when none is live. */
  async cancelRun(modelId: number): Promise<ApiModel> {
    return bodyOf(await this.api.runs.cancel({ params: path(modelId), body: {} }), 200);
  }

  readonly runs = {
    /** Every run of the model, newest first. */
    list: (modelId: number): Promise<ApiRun[]> =>
      allPages(async (query) => bodyOf(await this.api.runs.list({ params: path(modelId), query }), 200)),

    get: async (modelId: number, runId: string): Promise<ApiRun> =>
      bodyOf(await this.api.runs.get({ params: { ...path(modelId), run_id: runId } }), 200),
  };

  readonly versions = {
    /** Every version of the model, newest first. */
    list: (modelId: number): Promise<ApiVersion[]> =>
      allPages(async (query) => bodyOf(await this.api.versions.list({ params: path(modelId), query }), 200)),

    /** From now on the model serves with this version. */
    activate: async (modelId: number, number: number): Promise<ApiModel> => {
      const params = { ...path(modelId), number: String(number) };
      return bodyOf(await this.api.versions.activate({ params, body: {} }), 200);
    },
  };

  /** What happened in the model's runs and what happens, each event once, until no run is live; lives through restarts of the platform. */
  follow(modelId: number, options: FollowOptions = {}): AsyncGenerator<ApiFeedEvent, void> {
    return follow(this.transport, `/api/v3/custom_models/${String(modelId)}`, options);
  }

  /** The training log of the model's runs from line `offset` on, oldest first, over all pages. */
  async *log(modelId: number, offset = 0): AsyncGenerator<ApiLogLine, void> {
    for (let next = offset; ;) {
      const query = { offset: next, limit: LOG_LINES_PER_PAGE };
      const page = bodyOf(await this.api.customModels.log({ params: path(modelId), query }), 200);
      yield* page.result;
      next += page.result.length;
      if (page.result.length === 0 || next >= page.total_results) return;
    }
  }

  /** How many lines the model's training log has. */
  async logLength(modelId: number): Promise<number> {
    return bodyOf(await this.api.customModels.log({ params: path(modelId), query: { offset: 0, limit: 1 } }), 200)
      .total_results;
  }

  /** Transcribes a recording with a base model's key, `custom_model_<id>` or `custom_model_<id>@<version>`. */
  async transcribe(audioPath: string, options: { model: string; language?: string }): Promise<Transcript> {
    const route = contract.stt.transcribe;
    const fields = { model: options.model, ...(options.language !== undefined && { language: options.language }) };
    const body = await multipartBody(fields, [{ field: 'audio_file', path: audioPath }]);
    return parsed(route.responses[200], await this.transport.send({ method: route.method, path: route.path, body }));
  }

  /** Resolves when no item of the model is processing any more. */
  waitForData(modelId: number, options: WaitOptions<DataSummary> = {}): Promise<DataSummary> {
    return waitForData(this, modelId, { signal: this.transport.signal, ...options });
  }

  /** Resolves with the model when no run of it is live any more: look at its `training_status`. */
  waitForRun(modelId: number, options: WaitOptions<ApiModel> = {}): Promise<ApiModel> {
    return waitForRun(this, modelId, { signal: this.transport.signal, ...options });
  }
}

function path(id: number): { id: string } {
  return { id: String(id) };
}
