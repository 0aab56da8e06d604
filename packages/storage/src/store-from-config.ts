import type { Clock } from '@attune/kernel';
import type { StoreConfig } from './config';
import { FilesystemStore } from './filesystem/filesystem-store';
import type { ObjectStore } from './object-store';
import { S3Store } from './s3/s3-store';

/** The adapter that a configuration names. Opens nothing yet: call `prepare` at start. */
export function storeFromConfig(config: StoreConfig, clock?: Clock): ObjectStore {
  return config.kind === 's3' ? new S3Store(config, clock) : new FilesystemStore(config, clock);
}
