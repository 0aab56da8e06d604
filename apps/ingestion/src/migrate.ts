import { runMigrations } from '@attune/service';
import { readMigrationEnv } from './env';
import { migrations } from './migrations/all';

runMigrations('ingestion', readMigrationEnv, 'ingestion', migrations);
