import { Sealer } from '../platform/sealer';

/** What webhooks' secrets lie encrypted with; each is tied to its webhook's id. */
export function webhookSealer(secretsKey: string): Sealer {
  return new Sealer(secretsKey, 'webhooks');
}
