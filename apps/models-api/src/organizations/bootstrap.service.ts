import { delay, type OrganizationId } from '@attune/kernel';
import type { ApiKeysService } from '../api-keys/api-keys.service';
import { readKeyFile, writeKeyFile } from './key-file';
import type { OrganizationsService } from './organizations.service';

export interface BootstrapSettings {
  keyFile: string;
  /** Least training audio of the organization; null means its plan's. */
  minimumTrainingMs: number | null;
  /** How long to wait until billing has spoken, in milliseconds. */
  waitMs: number;
}

const LOOK_EVERY_MS = 200;

/**
 * Makes the first organization and its key, as often as it is run: never a second organization, and a new key only when
 * the file holds none that is good for it.
 */
export class BootstrapService {
  constructor(
    private readonly organizations: OrganizationsService,
    private readonly apiKeys: ApiKeysService,
  ) {}

  /** Throws when billing says nothing within the wait; running it again goes on from there. */
  async bootstrap(settings: BootstrapSettings): Promise<{ organizationId: OrganizationId; isNewKey: boolean }> {
    const organizationId = await this.organizations.ensureFirst(settings.minimumTrainingMs);
    const isNewKey = !(await this.isKeyGood(settings.keyFile, organizationId));
    if (isNewKey)
      await writeKeyFile(settings.keyFile, await this.organizations.createFullKey(organizationId, 'bootstrap'));
    await this.waitForEntitlements(organizationId, settings.waitMs);
    return { organizationId, isNewKey };
  }

  private async isKeyGood(path: string, organizationId: OrganizationId): Promise<boolean> {
    const key = await readKeyFile(path);
    if (key === null) return false;
    const principal = await this.apiKeys.authenticate(key).catch(() => null);
    return principal?.organizationId === organizationId;
  }

  private async waitForEntitlements(id: OrganizationId, waitMs: number): Promise<void> {
    const deadline = performance.now() + waitMs;
    while (!(await this.organizations.hasEntitlements(id))) {
      if (performance.now() > deadline) {
        throw new Error('billing has not said what the organization may do; are models-api and billing running?');
      }
      await delay(LOOK_EVERY_MS);
    }
  }
}
