import 'reflect-metadata';
import { runService, whenMigrated } from '@attune/service';
import { createApp } from './create-app';
import { readEnv } from './env';
import { migrations } from './migrations/all';

runService('trainer', readEnv, createApp, whenMigrated('training', migrations));
