import { Injectable, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { PATH_METADATA } from '@nestjs/common/constants';
import { isPublicRoute } from './public-route';
import { isAdminRoute, routeMetadataOf } from './scope.guard';

/** Fails the boot when a handler is neither public, nor the operators', nor carries the scope, cost class and idempotence of its contract. */
@Injectable()
export class RouteCheck implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onApplicationBootstrap(): void {
    const unguarded = this.discovery.getControllers().flatMap(({ instance, metatype }) => {
      const prototype = Object.getPrototypeOf(instance) as Record<string, () => unknown>;
      return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
        const handler = prototype[name];
        if (!handler || !metatype || !Reflect.hasMetadata(PATH_METADATA, handler)) return [];
        const known =
          isPublicRoute(this.reflector, handler, metatype as Type<unknown>) ||
          isAdminRoute(this.reflector, handler) ||
          routeMetadataOf(this.reflector, handler) !== undefined;
        return known ? [] : [`${metatype.name}.${name}`];
      });
    });
    if (unguarded.length > 0) throw new Error(`routes without metadata and not public: ${unguarded.join(', ')}`);
  }
}
