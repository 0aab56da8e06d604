import { createHash, timingSafeEqual } from 'node:crypto';
import { createParamDecorator, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isUuid, type OrganizationId } from '@attune/kernel';
import { addLogContext } from '@attune/observability';
import { unknownCaller } from './transcription.errors';

export const INTERNAL_TOKEN = Symbol('attune:internal-token');
const ORGANIZATION_HEADER = 'x-attune-organization';

/** Lets models-api in and nobody else: it has checked key, scope and limits, and says whose request it is. */
@Injectable()
export class InternalGuard implements CanActivate {
  private readonly expected: Buffer;

  constructor(@Inject(INTERNAL_TOKEN) token: string) {
    this.expected = digestOf(`Bearer ${token}`);
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const given = digestOf(request.headers.authorization ?? '');
    if (!timingSafeEqual(given, this.expected)) throw unknownCaller();
    addLogContext({ organization_id: organizationOf(request) });
    return true;
  }
}

/** The organization that models-api has verified. */
export const CallingOrganization = createParamDecorator((_: unknown, context: ExecutionContext) =>
  organizationOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

function organizationOf(request: FastifyRequest): OrganizationId {
  const id = request.headers[ORGANIZATION_HEADER];
  if (typeof id !== 'string' || !isUuid(id)) throw unknownCaller();
  return id as OrganizationId;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
