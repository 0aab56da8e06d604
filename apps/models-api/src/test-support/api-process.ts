import { join } from 'node:path';
import { ServiceProcess } from '@attune/testing';
import type { TestApi } from './test-api';

/** models-api as a process of its own, on the database, broker and store of a TestApi; resolves when it is ready. */
export function startApiProcess({ env }: TestApi): Promise<ServiceProcess> {
  return ServiceProcess.start(join(__dirname, '..', 'main.ts'), env, {
    API_KEY_PEPPER: env.apiKeyPepper,
    SECRETS_KEY: env.secretsKey,
    WEBHOOKS_ALLOW_PRIVATE: String(env.webhooks.allowPrivate),
    STT_URL: env.stt.url,
    STT_INTERNAL_TOKEN: env.stt.token,
  });
}
