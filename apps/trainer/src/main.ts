import 'reflect-metadata';
import { runService } from '@attune/service';
import { createApp } from './create-app';
import { readEnv } from './env';

runService('trainer', readEnv, createApp);
