import { Injectable } from '@nestjs/common';
import type { OrganizationId } from '@attune/kernel';
import { Rpc } from '@attune/messaging';
import type { Entitlements, TermsChange } from './organization';
import { fromEventEntitlements, toRequestedTerms } from './organization.convert';
import { Terms } from './terms';

const TIMEOUT_MS = 5_000;

/** Asks billing over request/reply. */
@Injectable()
export class RpcTerms extends Terms {
  constructor(private readonly rpc: Rpc) {
    super();
  }

  async agree(id: OrganizationId, change: TermsChange): Promise<Entitlements> {
    const reply = await this.rpc.call('billing.agree-terms', toRequestedTerms(id, change), { timeoutMs: TIMEOUT_MS });
    return fromEventEntitlements(reply);
  }
}
