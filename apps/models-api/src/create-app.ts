import { dirname } from 'node:path';
import multipart from '@fastify/multipart';
import serveStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '@attune/http';
import type { Logger } from '@attune/observability';
import { AppModule } from './app.module';
import { DOCS_ASSETS_PATH } from './docs/docs.controller';
import type { Env } from './env';
import { leaveBodiesUnread } from './stt-proxy/unread-bodies';

/** The application, initialized and not yet listening. */
export async function createApp(env: Env, logger: Logger): Promise<NestFastifyApplication> {
  const app = await createHttpApp(AppModule.forRoot(env, logger), { logger });
  // File sizes are bounded where the files are received; here only what an envelope may hold.
  await app.register(multipart, {
    throwFileSizeLimit: false,
    limits: { parts: 16, fields: 8, files: 8, fieldSize: 1024, headerPairs: 32, fileSize: Number.POSITIVE_INFINITY },
  });
  await app.register(serveStatic, {
    root: dirname(require.resolve('swagger-ui-dist/package.json')),
    prefix: DOCS_ASSETS_PATH,
    index: false,
    decorateReply: false,
  });
  await app.init();
  leaveBodiesUnread(app);
  return app;
}
