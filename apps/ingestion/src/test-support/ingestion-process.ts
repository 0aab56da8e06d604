import { join } from 'node:path';
import { ServiceProcess } from '@attune/testing';
import type { IngestionLab } from './ingestion-lab';

/** Ingestion as a process of its own; resolves when it is ready. */
export function startIngestionProcess({ env }: IngestionLab): Promise<ServiceProcess> {
  return ServiceProcess.start(join(__dirname, '..', 'main.ts'), env, {
    WORK_DIRECTORY: env.work.directory,
    CONCURRENCY: String(env.work.concurrency),
  });
}
