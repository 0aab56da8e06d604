import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { OrganizationId } from '@attune/kernel';
import { Rpc } from '@attune/messaging';
import { ResolutionService } from './resolution.service';

/** Serves `models.resolve` and `models.resolve-base` over request/reply. */
@Injectable()
export class ResolutionResponder implements OnApplicationBootstrap {
  constructor(
    private readonly rpc: Rpc,
    private readonly resolution: ResolutionService,
  ) {}

  onApplicationBootstrap(): void {
    this.rpc.serve('models.resolve', ({ organization_id, model }) =>
      this.resolution.resolve(organization_id as OrganizationId, model),
    );
    this.rpc.serve('models.resolve-base', ({ digest }) => this.resolution.resolveBase(digest));
  }
}
