import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '@attune/http';
import type { Logger } from '@attune/observability';
import { AppModule } from './app.module';
import type { Env } from './env';
import { leaveBodiesUnread } from './platform/unread-bodies';

/** The application, initialized and not yet listening. */
export async function createApp(env: Env, logger: Logger): Promise<NestFastifyApplication> {
  const app = await createHttpApp(AppModule.forRoot(env, logger), { logger });
  await app.init();
  leaveBodiesUnread(app);
  return app;
}
