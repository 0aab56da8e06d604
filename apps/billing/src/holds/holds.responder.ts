import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import { Rpc } from '@attune/messaging';
import { toWireQuote } from './hold.convert';
import { HoldsService } from './holds.service';

/** Answers models-api before it starts a run. */
@Injectable()
export class HoldsResponder implements OnApplicationBootstrap {
  constructor(
    private readonly rpc: Rpc,
    private readonly holds: HoldsService,
  ) {}

  onApplicationBootstrap(): void {
    this.rpc.serve('billing.measure-audio', async ({ audio, ...model }) => ({
      new_ms: await this.holds.measureNew(modelOf(model), audio),
    }));
    this.rpc.serve('billing.quote-run', async ({ new_ms, ...model }) =>
      toWireQuote(await this.holds.quote({ ...modelOf(model), newMs: new_ms })),
    );
    this.rpc.serve('billing.place-hold', async ({ run_id, new_ms, max_amount_cents, ...model }) =>
      toWireQuote(
        await this.holds.place({ ...modelOf(model), runId: run_id as RunId, newMs: new_ms }, max_amount_cents),
      ),
    );
    this.rpc.serve('billing.release-hold', async ({ organization_id, run_id }) => ({
      released: await this.holds.cancel({ organizationId: organization_id as OrganizationId, runId: run_id as RunId }),
    }));
  }
}

function modelOf(model: { organization_id: string; model_id: number }) {
  return { organizationId: model.organization_id as OrganizationId, modelId: model.model_id as ModelId };
}
