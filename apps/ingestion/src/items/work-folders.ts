import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { WorkSettings } from '../env';
import { WORK_SETTINGS } from '../work-settings';

/** Private folders for uploads while they are decoded. What a crash left of them goes at the next start. */
@Injectable()
export class WorkFolders implements OnModuleInit {
  constructor(@Inject(WORK_SETTINGS) private readonly settings: WorkSettings) {}

  async onModuleInit(): Promise<void> {
    await rm(this.settings.directory, { recursive: true, force: true });
    await mkdir(this.settings.directory, { recursive: true, mode: 0o700 });
  }

  /** Gives `use` a folder of its own, and removes it whatever happens. */
  async withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(this.settings.directory, 'item-'));
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
