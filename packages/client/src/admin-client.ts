import { initClient } from '@ts-rest/core';
import {
  adminContract,
  type ApiKeyRecord,
  type ApiOrganization,
  type CreatedApiKey,
  type Scope,
} from '@attune/contracts';
import type { NamedLimits, Plan } from '@attune/kernel';
import { bodyOf } from './answers';
import { callsOver } from './contract-calls';
import { allPages } from './pages';
import { Transport, type TransportOptions } from './transport';

/** What is not named stays as it is; null is unlimited for a limit and the plan's own for the minimum. */
export interface TermsChange {
  plan?: Plan;
  minimumTrainingSeconds?: number | null;
  /** The limits that differ from the plan's, whole. */
  limits?: Partial<NamedLimits>;
}

export interface NewKey {
  name: string;
  scopes: Scope[];
  /** ISO 8601; never when absent. */
  expiresAt?: string;
}

/** The operators' API. `apiKey` is the admin key. Throws as AttuneClient does. */
export class AttuneAdminClient {
  private readonly api;

  constructor(options: TransportOptions) {
    this.api = initClient(adminContract, { baseUrl: '', api: callsOver(new Transport(options)) });
  }

  readonly organizations = {
    create: async (organization: TermsChange & { name: string; plan: Plan }): Promise<ApiOrganization> =>
      bodyOf(
        await this.api.organizations.create({ body: { ...toTerms(organization), ...nameAndPlan(organization) } }),
        201,
      ),

    /** Every organization, newest first, over all pages. */
    list: (): Promise<ApiOrganization[]> =>
      allPages(async (query) => bodyOf(await this.api.organizations.list({ query }), 200)),

    get: async (id: string): Promise<ApiOrganization> =>
      bodyOf(await this.api.organizations.get({ params: { organization_id: id } }), 200),

    /** Answers what is agreed. Requests are held to it within a second; live runs as soon as the trainer has heard. */
    update: async (id: string, change: TermsChange & { name?: string }): Promise<ApiOrganization> =>
      bodyOf(
        await this.api.organizations.update({
          params: { organization_id: id },
          body: { ...toTerms(change), ...(change.name !== undefined && { name: change.name }) },
        }),
        200,
      ),
  };

  readonly keys = {
    /** The one answer that holds the key itself. */
    create: async (organizationId: string, { expiresAt, ...key }: NewKey): Promise<CreatedApiKey> =>
      bodyOf(
        await this.api.keys.create({
          params: { organization_id: organizationId },
          body: { ...key, ...(expiresAt !== undefined && { expires_at: expiresAt }) },
        }),
        201,
      ),

    /** Every key of the organization, newest first, revoked and expired ones too. */
    list: (organizationId: string): Promise<ApiKeyRecord[]> =>
      allPages(async (query) =>
        bodyOf(await this.api.keys.list({ params: { organization_id: organizationId }, query }), 200),
      ),

    /** For ever, and everywhere within a second. */
    revoke: async (organizationId: string, keyId: string): Promise<ApiKeyRecord> =>
      bodyOf(await this.api.keys.revoke({ params: { organization_id: organizationId, key_id: keyId } }), 200),
  };
}

function nameAndPlan({ name, plan }: { name: string; plan: Plan }): { name: string; plan: Plan } {
  return { name, plan };
}

function toTerms({ plan, minimumTrainingSeconds, limits }: TermsChange): {
  plan?: Plan;
  minimum_training_seconds?: number | null;
  limits?: Partial<NamedLimits>;
} {
  return {
    ...(plan !== undefined && { plan }),
    ...(minimumTrainingSeconds !== undefined && { minimum_training_seconds: minimumTrainingSeconds }),
    ...(limits !== undefined && { limits }),
  };
}
