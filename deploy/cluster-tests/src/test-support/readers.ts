import {
  readEnv as readBillingEnv,
  readMigrationEnv as readBillingMigrationEnv,
} from '../../../../apps/billing/src/env';
import {
  readEnv as readEvaluatorEnv,
  readMigrationEnv as readEvaluatorMigrationEnv,
} from '../../../../apps/evaluator/src/env';
import {
  readEnv as readIngestionEnv,
  readMigrationEnv as readIngestionMigrationEnv,
} from '../../../../apps/ingestion/src/env';
import {
  readEnv as readModelsEnv,
  readMigrationEnv as readModelsMigrationEnv,
  readRegisterBaseEnv,
} from '../../../../apps/models-api/src/env';
import { readEnv as readSttEnv } from '../../../../apps/stt/src/env';
import {
  readEnv as readTrainerEnv,
  readMigrationEnv as readTrainerMigrationEnv,
} from '../../../../apps/trainer/src/env';
import { readRunnerEnv } from '../../../../apps/trainer/src/runner/env';
import type { Readers } from '../checks/environment';
import { version } from './render';

type Read = (variables: Record<string, string | undefined>) => unknown;

const migrations = `migrate-${version.replaceAll('.', '-')}`;
/** As deploy/images/bin writes it where nobody else does. */
const engines = '{"whisper":["/app/engine/bin/engine-whisper"]}';

/** With what the image's start script adds. */
function started(read: Read, added: Record<string, string>): Read {
  return (variables) => read(Object.assign(Object.create(variables) as object, added));
}

/** Which program's env.ts reads the environment of which container. */
export const readers: Readers = new Map<string, Read>([
  ['Deployment attune/models-api service', readModelsEnv],
  ['Deployment attune/ingestion service', readIngestionEnv],
  ['Deployment attune/trainer service', readTrainerEnv],
  ['Deployment attune/evaluator service', readEvaluatorEnv],
  ['Deployment attune/billing service', readBillingEnv],
  ['Deployment attune/stt service', started(readSttEnv, { STT_ENGINES: engines })],
  [`Job attune/${migrations} models-api`, readModelsMigrationEnv],
  [`Job attune/${migrations} ingestion`, readIngestionMigrationEnv],
  [`Job attune/${migrations} trainer`, readTrainerMigrationEnv],
  [`Job attune/${migrations} evaluator`, readEvaluatorMigrationEnv],
  [`Job attune/${migrations} billing`, readBillingMigrationEnv],
  ['CronJob attune/default-base register', readRegisterBaseEnv],
]);

/** The runner's, for a run named `name`. */
export function runnerReader(name: string): Readers {
  return new Map([[`Job attune-training/${name} runner`, started(readRunnerEnv, { ENGINES: engines })]]);
}
