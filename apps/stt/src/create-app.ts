import multipart from '@fastify/multipart';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '@attune/http';
import type { Logger } from '@attune/observability';
import { AppModule } from './app.module';
import type { Env } from './env';

/** Three bytes are four characters in base64; the rest is for the other fields. */
const jsonBodyLimit = (recordingBytes: number): number => Math.ceil((recordingBytes * 4) / 3) + 64 * 1024;

/** The application, initialized and not yet listening. */
export async function createApp(env: Env, logger: Logger): Promise<NestFastifyApplication> {
  const app = await createHttpApp(AppModule.forRoot(env, logger), {
    logger,
    bodyLimitBytes: jsonBodyLimit(env.limits.jsonBytes),
  });
  await app.register(multipart, {
    throwFileSizeLimit: false,
    limits: { parts: 8, fields: 4, files: 2, fieldSize: 1024, headerPairs: 32, fileSize: env.limits.audioBytes },
  });
  await app.init();
  return app;
}
