import { SetMetadata, type Type } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';

export type Handler = (...args: never[]) => unknown;

const PUBLIC_ROUTE = Symbol('attune:public-route');

/** Marks a controller or handler that needs no key: health, metrics, documentation. */
export const PublicRoute = (): ClassDecorator & MethodDecorator => SetMetadata(PUBLIC_ROUTE, true);

/** Whether the handler, or its whole controller, is marked. */
export function isPublicRoute(reflector: Reflector, handler: Handler, controller: Type<unknown>): boolean {
  return reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, [handler, controller]) === true;
}
