import 'reflect-metadata';
import { createHttpApp } from '@attune/http';
import { runService } from '@attune/service';
import { AppModule } from '../app.module';
import { readEnv } from '../env';

/** Billing's own program, except that what it had in hand when it was killed comes again after a second. */
runService('billing', readEnv, (env, logger) =>
  createHttpApp(AppModule.forRoot(env, logger, { ackWaitMs: 1_000 }), { logger }),
);
