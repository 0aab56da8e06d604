import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ApiKeyId, OrganizationId } from '@attune/kernel';
import type { Scope } from '@attune/contracts';

/** Who calls, as the verified key says. The organization comes from here and from nowhere else. */
export interface Principal {
  organizationId: OrganizationId;
  keyId: ApiKeyId;
  scopes: readonly Scope[];
}

const principals = new WeakMap<FastifyRequest, Principal>();

export function setPrincipal(request: FastifyRequest, principal: Principal): void {
  principals.set(request, principal);
}

export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request);
  if (!principal) throw new Error('no principal: the route was not guarded');
  return principal;
}

/** The calling principal, as a controller's parameter. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext) =>
  principalOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
