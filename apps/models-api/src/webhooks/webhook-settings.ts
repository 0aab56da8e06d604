import type { TargetRules } from './webhook-target';

export interface WebhookSettings extends TargetRules {
  /** Name servers to ask for receivers' hosts instead of the system's. */
  dnsServers: readonly string[];
}

export const WEBHOOK_SETTINGS = Symbol('attune:webhook-settings');
