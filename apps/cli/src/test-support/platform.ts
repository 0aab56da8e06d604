import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small HTTP server with the contract's answers: enough of a platform for a command line to talk to. */
export interface Platform {
  url: string;
  /** File names of the uploads in the order in which they came. */
  uploads: string[];
  /** Answers, one for each call of GET model; the last one stays. */
  statuses: number[];
  logLines: string[];
  close(): void;
}

const instant = '2026-01-15T10:00:00Z';

export function modelBody(status: number): object {
  return {
    id: 7,
    model_key: 'custom_model_7',
    name: 'Heart clinic',
    description: null,
    language: 'en',
    base_model: 'medical',
    training_status: status,
    status_message: status === 4 ? 'Training completed successfully' : 'Training in progress...',
    ...(status >= 3 && { training_progress: status === 3 ? 40 : 100, started_training_at: instant }),
    created_at: instant,
    updated_at: instant,
    ...(status === 4 && {
      training_metrics: {
        word_error_rate: 8.25,
        accuracy_improvement: 66.4,
        character_error_rate: 3.1,
        training_hours: 0.33,
        base_word_error_rate: 24.6,
        base_character_error_rate: 9.9,
        evaluated_on: 'held_out',
      },
    }),
    ...(status === 5 && { error: { error_code: 'TRAINING_FAILED', message: 'The audio is silent', details: {} } }),
  };
}

const runId = '0190a5b0-0000-7000-8000-000000000000';
const runBase = { id: runId, model_id: 7, training_progress: 0, requested_at: instant, training_audio_ms: 61_000 };
const runBodies = [
  { ...runBase, state: 'queued', stage: 'queued', queue_position: 3 },
  {
    ...runBase,
    state: 'failed',
    finished_at: instant,
    error: { error_code: 'TRAINING_FAILED', message: 'The audio is silent', details: {} },
  },
];
const versionBody = {
  number: 2,
  model: 'custom_model_7@2',
  active: true,
  run_id: runId,
  created_at: instant,
  base_digest: 'sha256:b',
  digest: 'sha256:d',
  training_audio_ms: 61_000,
  training_metrics: (modelBody(4) as { training_metrics: object }).training_metrics,
};

export const DATA_ID = '0190a5b0-0000-7000-8000-000000000000';

function itemBody(type = 'train'): object {
  return {
    data_id: DATA_ID,
    type,
    item_status: 'warning',
    issues: [{ code: 'TRANSCRIPT_TOO_SHORT_FOR_AUDIO', severity: 'warning', message: 'Few words', fix: 'Check it.' }],
    filename: 'letter_01.mp3',
    transcript_filename: 'letter_01.txt',
    audio_bytes: 2048,
    audio_ms: 61_000,
    created_at: instant,
    updated_at: instant,
  };
}

function archiveBody(status: string): object {
  return {
    archive_id: DATA_ID,
    status,
    filename: 'letters.zip',
    type: null,
    error: null,
    counts: { stored: 2, duplicate: 1, refused: 1, ignored: 0 },
    created_at: instant,
    finished_at: null,
  };
}

const archiveMembers = {
  count: 1,
  total_results: 1,
  result: [
    {
      name: 'alone.mp3',
      outcome: 'refused',
      type: null,
      reason: { code: 'MEMBER_NO_TRANSCRIPT', message: 'There is no transcript of this name beside it' },
      data_id: null,
      item_status: null,
      issues: [],
    },
  ],
};

export async function startPlatform(): Promise<Platform> {
  const platform: Platform = { url: '', uploads: [], statuses: [2], logLines: [], close: () => undefined };
  const server = createServer((request, response) => void route(platform, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  platform.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  platform.close = () => server.close();
  return platform;
}

async function route(platform: Platform, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await textOf(request);
  const url = new URL(request.url ?? '', platform.url);
  const at = `${request.method ?? ''} ${url.pathname.replace('/api/v3/', '')}`;
  const counts = { processing: 0, ready: 2, rejected: 0, audio_ms: 61_000 };
  if (request.headers.authorization !== 'Bearer good') {
    refuse(response, 401, 'INVALID_API_KEY');
    return;
  }
  switch (at) {
    case 'GET custom_models': {
      answer(response, 200, { count: 1, total_results: 1, result: [modelBody(4)] });
      return;
    }
    case 'POST custom_models': {
      answer(response, 201, { ...modelBody(1), name: (JSON.parse(body) as { name: string }).name });
      return;
    }
    case 'GET custom_models/7': {
      answer(
        response,
        200,
        modelBody((platform.statuses.length > 1 ? platform.statuses.shift() : platform.statuses[0]) ?? 2),
      );
      return;
    }
    case 'DELETE custom_models/7':
      return void response.writeHead(204).end();
    case 'POST custom_models/7/run': {
      answer(response, 200, modelBody(3));
      return;
    }
    case 'GET custom_models/7/data/summary': {
      answer(response, 200, { train: counts, test: counts });
      return;
    }
    case 'PUT custom_models/7/data': {
      upload(platform, body, response);
      return;
    }
    case 'GET custom_models/7/events': {
      stream(platform, response);
      return;
    }
    case 'POST custom_models/7/cancel': {
      answer(response, 200, { ...modelBody(3), stage: 'cancelling' });
      return;
    }
    case 'GET custom_models/7/runs': {
      answer(response, 200, { count: 2, total_results: 2, result: runBodies });
      return;
    }
    case 'GET custom_models/7/versions': {
      answer(response, 200, { count: 1, total_results: 1, result: [versionBody] });
      return;
    }
    case 'POST custom_models/7/versions/2/activate': {
      answer(response, 200, modelBody(4));
      return;
    }
    case 'GET custom_models/7/data': {
      answer(response, 200, { count: 1, total_results: 1, result: [itemBody()] });
      return;
    }
    case `GET custom_models/7/data/${DATA_ID}`: {
      answer(response, 200, itemBody());
      return;
    }
    case `POST custom_models/7/data/${DATA_ID}`: {
      answer(response, 200, itemBody((JSON.parse(body) as { type: string }).type));
      return;
    }
    case `PUT custom_models/7/data/${DATA_ID}/transcript`: {
      answer(response, 200, { ...itemBody(), transcript_filename: /filename="([^"]*)"/.exec(body)?.[1] ?? '' });
      return;
    }
    case `GET custom_models/7/data/${DATA_ID}/audio`:
      return void response.writeHead(200, { 'content-type': 'audio/flac' }).end('fLaC of it');
    case `DELETE custom_models/7/data/${DATA_ID}`:
      return void response.writeHead(204).end();
    case 'POST custom_models/7/data/archives': {
      platform.uploads.push(/filename="([^"]*)"/.exec(body)?.[1] ?? '');
      answer(response, 202, archiveBody('unpacking'));
      return;
    }
    case `GET custom_models/7/data/archives/${DATA_ID}`: {
      answer(response, 200, { ...archiveBody('done'), members: archiveMembers });
      return;
    }
    case 'GET custom_models/7/log': {
      logs(platform, url, response);
      return;
    }
    case 'POST stt': {
      answer(response, 200, {
        text: `heard by ${fieldOf(body, 'model')}`,
        words: [],
        duration: 1,
        model: 'm',
        language: 'en',
      });
      return;
    }
    default: {
      refuse(response, 404, 'MODEL_NOT_FOUND');
      return;
    }
  }
}

function upload(platform: Platform, body: string, response: ServerResponse): void {
  const name = /filename="([^"]*)"/.exec(body)?.[1] ?? '';
  platform.uploads.push(`${fieldOf(body, 'type')} ${name}`);
  if (name.startsWith('broken')) {
    refuse(response, 400, 'UNSUPPORTED_AUDIO_FORMAT', {
      issues: [{ code: 'NO_AUDIO', severity: 'error', message: 'No sound', fix: 'Send a recording' }],
    });
    return;
  }
  if (name.startsWith('forbidden')) {
    refuse(response, 402, 'PLAN_UPGRADE_REQUIRED');
    return;
  }
  answer(response, 200, {
    message: 'Training data uploaded successfully',
    data_type: 'train',
    filename: name,
    transcript_filename: 't.txt',
    training_status: 2,
    data_id: '0190a5b0-0000-7000-8000-000000000000',
    item_status: 'ok',
    duplicate: false,
  });
}

function logs(platform: Platform, url: URL, response: ServerResponse): void {
  const offset = Number(url.searchParams.get('offset'));
  const lines = platform.logLines.slice(offset, offset + Number(url.searchParams.get('limit')));
  const result = lines.map((message) => ({ timestamp: instant, level: 'info', stage: 'training', message }));
  answer(response, 200, { count: result.length, total_results: platform.logLines.length, result });
}

/** The log as an event stream that ends. */
function stream(platform: Platform, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const shared = { timestamp: instant, level: 'info', run_id: runId, stage: 'training' };
  const events = [
    { ...shared, type: 'state', state: 'training', message: null },
    ...platform.logLines.map((message) => ({ ...shared, type: 'log', message })),
  ];
  events.forEach((event, i) => {
    const cursor = `c${String(i)}`;
    response.write(`id: ${cursor}\nevent: ${event.type}\ndata: ${JSON.stringify({ cursor, ...event })}\n\n`);
  });
  response.end('event: end\ndata: {}\n\n');
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function fieldOf(multipart: string, name: string): string {
  return new RegExp(`name="${name}"\r\n\r\n([^\r]*)`).exec(multipart)?.[1] ?? '';
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string, details: object = {}): void {
  answer(response, status, { error: 'Refused', message: 'It was refused', error_code: code, details });
}
