import { STATUS_CODES } from 'node:http';
import type { AppRouter } from '@ts-rest/core';
import { generateOpenApi } from '@ts-rest/open-api';
import { adminContract } from './admin.contract';
import { contract } from './contract';
import { isRouteMetadata } from './route-metadata';

type Document = ReturnType<typeof generateOpenApi>;
type Response = NonNullable<NonNullable<Document['components']>['responses']>[string];

/** What is touched here of an operation; the generator types paths loosely. */
interface Operation {
  operationId?: string;
  requestBody?: { required?: boolean; content: Record<string, unknown> };
  responses: Record<string, Response>;
}

const file = { type: 'string' as const, format: 'binary' };

/** Multipart forms are streamed part by part, so no Zod schema describes them; these do, by operation. */
const forms: Record<string, object> = {
  'customModels.uploadData': {
    type: 'object',
    required: ['type', 'audio_file', 'transcript_file'],
    properties: { type: { type: 'string', enum: ['train', 'test'] }, audio_file: file, transcript_file: file },
  },
  'data.replaceTranscript': {
    type: 'object',
    required: ['transcript_file'],
    properties: { transcript_file: file },
  },
  'archives.uploadArchive': {
    type: 'object',
    required: ['archive_file'],
    properties: { archive_file: file, type: { type: 'string', enum: ['train', 'test'] } },
  },
  'stt.transcribe': {
    type: 'object',
    required: ['model', 'audio_file'],
    properties: { model: { type: 'string' }, language: { type: 'string' }, audio_file: file },
  },
};

/** Bodies that are plain bytes of a type of their own, by operation. */
const streams: Record<string, string> = { 'uploads.appendUpload': 'application/offset+octet-stream' };

const license = { name: 'Apache-2.0' };
const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description:
    'A request that succeeded is answered again, for 24 hours, with the same status and body (also a secret that is shown ' +
    'once) and `Idempotent-Replayed: true`, and nothing is done twice. 409 while the first is still being answered, 422 with ' +
    'another body. Draw a random one for each request: what is kept of the answer opens with it alone.',
  schema: { type: 'string' as const, minLength: 1, maxLength: 255 },
};

/** The OpenAPI 3.0 document of the public API, from the contract alone. */
export function renderOpenApi(): Document {
  return render(contract, {
    title: 'Attune Custom Models API',
    version: 'v3',
    description: 'Train speech recognition for your own domain, and use it behind the same API.',
    license,
  });
}

/** The document of the operators' API. */
export function renderAdminOpenApi(): Document {
  return render(adminContract, {
    title: 'Attune Admin API',
    version: 'v1',
    description: 'Organizations, their plans and limits, and their API keys. Authorization: Bearer <admin key>.',
    license,
  });
}

function render(router: AppRouter, info: Document['info']): Document {
  const document = generateOpenApi(
    router,
    {
      openapi: '3.0.2',
      info,
      security: [{ apiKey: [] }],
      components: {
        securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } },
        parameters: { IdempotencyKey: idempotencyKey },
      },
    },
    {
      setOperationId: 'concatenated-path',
      operationMapper: (operation, route) => ({
        ...operation,
        ...(takesKey(route.method) && {
          parameters: [...(operation.parameters ?? []), { $ref: '#/components/parameters/IdempotencyKey' }],
        }),
        ...(isRouteMetadata(route.metadata) && {
          description: `Scope: \`${route.metadata.scope}\``,
          'x-attune': { ...route.metadata },
        }),
      }),
    },
  );
  for (const operation of operationsOf(document)) {
    describeForm(operation);
    shareErrors(operation, document);
  }
  return document;
}

/** Which requests may carry an Idempotency-Key. */
function takesKey(method: string): boolean {
  return method === 'POST' || method === 'PUT';
}

function operationsOf(document: Document): Operation[] {
  const paths: unknown = document.paths;
  return Object.values(paths as Record<string, Record<string, Operation>>).flatMap((path) => Object.values(path));
}

function describeForm(operation: Operation): void {
  const stream = streams[operation.operationId ?? ''];
  if (stream) operation.requestBody = { required: true, content: { [stream]: { schema: file } } };
  const schema = forms[operation.operationId ?? ''];
  if (!schema) return;
  const json = operation.requestBody?.content['application/json'];
  operation.requestBody = {
    required: true,
    content: { ...(json ? { 'application/json': json } : {}), 'multipart/form-data': { schema } },
  };
}

/** Names every error answer once, under components, and describes each answer by its status. */
function shareErrors(operation: Operation, document: Document): void {
  const { responses } = operation;
  const shared = ((document.components ??= {}).responses ??= {});
  for (const [status, response] of Object.entries(responses)) {
    const description = STATUS_CODES[Number(status)] ?? status;
    if ('$ref' in response) continue;
    response.description = description;
    if (Number(status) < 400) continue;
    const name = description.replaceAll(/[^A-Za-z]/g, '');
    shared[name] ??= response;
    responses[status] = { $ref: `#/components/responses/${name}` };
  }
}
