import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '@attune/http';
import type { Logger } from '@attune/observability';
import { filesystemStoreHandler } from '@attune/storage';
import { AppModule } from './app.module';
import type { Env } from './env';

/** The application, not yet listening. Where the store is a folder, its signed URLs are answered here: runners reach nothing else. */
export async function createApp(env: Env, logger: Logger): Promise<NestFastifyApplication> {
  const app = await createHttpApp(AppModule.forRoot(env, logger), { logger, bodyLimitBytes: 8 * 1024 * 1024 });
  if (env.store.kind === 'filesystem')
    mountStore(app, new URL(env.store.publicBaseUrl).pathname, filesystemStoreHandler(env.store));
  return app;
}

/** What object keys begin with: see packages/storage/src/keys.ts. */
const KEY_ROOTS = ['o/', 'bases/'];

/** Before any parser of bodies: what comes here is streamed to disk as it is. */
function mountStore(
  app: NestFastifyApplication,
  path: string,
  handler: ReturnType<typeof filesystemStoreHandler>,
): void {
  const prefixes = KEY_ROOTS.map((root) => `${path.replace(/\/$/, '')}/${root}`);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (request, reply) => {
      if (!prefixes.some((prefix) => request.url.startsWith(prefix))) return;
      reply.hijack();
      await handler(request.raw, reply.raw);
    });
}
