import { runMigrations } from '@attune/service';
import { readMigrationEnv } from './env';
import { migrations } from './migrations/all';

runMigrations('trainer', readMigrationEnv, 'training', migrations);
