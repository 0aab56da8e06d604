import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { Rpc } from '@attune/messaging';
import { toWireUsageLine } from './charge.convert';
import { ChargesService } from './charges.service';

/** Answers what an organization's runs have cost. */
@Injectable()
export class ChargesResponder implements OnApplicationBootstrap {
  constructor(
    private readonly rpc: Rpc,
    private readonly charges: ChargesService,
  ) {}

  onApplicationBootstrap(): void {
    this.rpc.serve('billing.list-usage', async ({ organization_id, month, model_id, run_id, offset, limit }) => {
      const filter = {
        organizationId: organization_id as OrganizationId,
        month,
        modelId: model_id as ModelId | null,
        runId: run_id,
      };
      const { totals, charges, currency } = await this.charges.list(filter, { offset, limit });
      return {
        total: totals.count,
        new_ms: totals.newMs,
        overage_ms: totals.overageMs,
        amount_cents: totals.amountCents,
        currency,
        lines: charges.map(toWireUsageLine),
      };
    });
  }
}
