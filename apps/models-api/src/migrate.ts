import { runMigrations } from '@attune/service';
import { readMigrationEnv } from './env';
import { migrations } from './migrations/all';

runMigrations('models-api', readMigrationEnv, 'models', migrations);
