import { Inject, Injectable, Optional, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { TsRestAppRouteMetadataKey } from '@ts-rest/nest';
import type { AppRoute } from '@ts-rest/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isAdminMetadata, isRouteMetadata, type Idempotence, type RouteMetadata } from '@attune/contracts';
import { AppError } from '@attune/kernel';
import { addLogContext } from '@attune/observability';
import { setPrincipal, type Principal } from './principal';
import { isPublicRoute, type Handler } from './public-route';
import { RequestLimiter } from './request-limiter';
import { followAdmission } from './request-limits';

/** Turns the bearer token of a request into a principal, or refuses it with a 401 code. */
export abstract class Authenticator {
  abstract authenticate(bearer: string): Promise<Principal>;
}

/** Opens the operators' routes. */
export abstract class AdminAuthenticator {
  /** Throws when the token is not the admin key, and NOT_FOUND where there are no such routes because no admin key is set. */
  abstract authenticate(header: string | undefined): void;
}

/** The metadata of the contract's route behind a handler; undefined where the handler serves no route of the contract. */
export function routeMetadataOf(reflector: Reflector, handler: Handler): RouteMetadata | undefined {
  const metadata = contractMetadataOf(reflector, handler);
  return isRouteMetadata(metadata) ? metadata : undefined;
}

/** What a repetition of a request to the handler does; undefined where it serves no route of a contract. */
export function idempotenceOf(reflector: Reflector, handler: Handler): Idempotence | undefined {
  const metadata = contractMetadataOf(reflector, handler);
  return isRouteMetadata(metadata) || isAdminMetadata(metadata) ? metadata.idempotence : undefined;
}

/** Whether the handler serves a route of the operators' API. */
export function isAdminRoute(reflector: Reflector, handler: Handler): boolean {
  return isAdminMetadata(contractMetadataOf(reflector, handler));
}

function contractMetadataOf(reflector: Reflector, handler: Handler): unknown {
  return reflector.get<{ appRoute: AppRoute } | undefined>(TsRestAppRouteMetadataKey, handler)?.appRoute.metadata;
}

/**
 * The one guard of the public listener: key, then limits, then scope, all before a byte of the body is parsed. What a route
 * needs is its contract's metadata. A handler that is neither public nor in a contract is refused, here and at boot.
 * Routes of operators take the admin key, and no other.
 */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly limiter: RequestLimiter,
    @Optional() @Inject(AdminAuthenticator) private readonly admin: AdminAuthenticator | null = null,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const handler = context.getHandler() as Handler;
    if (isPublicRoute(this.reflector, handler, context.getClass())) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    if (this.admin && isAdminRoute(this.reflector, handler)) {
      this.admin.authenticate(request.headers.authorization);
      return true;
    }
    const metadata = routeMetadataOf(this.reflector, handler);
    if (!metadata) throw new Error('the route has no metadata');
    const principal = await this.authenticator.authenticate(bearerOf(request.headers.authorization));
    setPrincipal(request, principal);
    addLogContext({ organization_id: principal.organizationId });
    // Before the scope: a refusal for its lack says how the limits stand too.
    followAdmission(await this.limiter.admit(principal, metadata.costClass), http.getResponse<FastifyReply>());
    if (!principal.scopes.includes(metadata.scope)) {
      throw new AppError('INSUFFICIENT_SCOPE', `This API key lacks the scope ${metadata.scope}`, {
        details: { required_scope: metadata.scope },
      });
    }
    return true;
  }
}

/** The token of the header. Throws MISSING_API_KEY or INVALID_API_KEY. */
export function bearerOf(header: string | undefined): string {
  const token = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
  if (token) return token;
  throw header === undefined
    ? new AppError('MISSING_API_KEY', 'Send your API key in the header "Authorization: Bearer <key>"')
    : new AppError('INVALID_API_KEY', 'The Authorization header must read "Bearer <key>"');
}
