import type { AppRoute } from '@ts-rest/core';
import type { z } from 'zod';
import { UnexpectedAnswer } from './errors';
import type { HttpAnswer, RequestBody } from './http-exchange';

export function jsonBody(text: string): RequestBody {
  const content = Buffer.from(text);
  return {
    contentType: 'application/json',
    bytes: content.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- every body is read in one way
    open: async function* () {
      yield content;
    },
  };
}

/** The answer's body, checked against the contract. */
export function checkedBody(route: AppRoute, answer: HttpAnswer): unknown {
  const schema = (route.responses as Record<number, unknown>)[answer.status];
  if (schema === undefined) throw new UnexpectedAnswer(answer.status, 'this status is not in it');
  return isZodType(schema) ? parsed(schema, answer) : answer.body;
}

function isZodType(schema: unknown): schema is z.ZodTypeAny {
  return typeof schema === 'object' && schema !== null && 'safeParse' in schema;
}

export function parsed<T extends z.ZodTypeAny>(schema: T, answer: HttpAnswer): z.output<T> {
  const result = schema.safeParse(answer.body);
  if (result.success) return result.data as z.output<T>;
  throw new UnexpectedAnswer(answer.status, result.error.issues.map((issue) => issue.path.join('.')).join(', '));
}

/** The body of the one status that means success: refusals were thrown by the transport. */
export function bodyOf<A extends { status: number; body: unknown }, S extends A['status']>(
  answer: A,
  status: S,
): Extract<A, { status: S }>['body'] {
  if (answer.status !== status) throw new UnexpectedAnswer(answer.status, `${String(status)} was expected`);
  return (answer as Extract<A, { status: S }>).body;
}
