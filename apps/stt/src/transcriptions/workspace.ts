import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { newId } from '@attune/kernel';

export const WORK_DIRECTORY = Symbol('attune:work-directory');

/** Private folders for recordings while they are worked on. Whatever an earlier process left is removed at start. */
@Injectable()
export class Workspace implements OnModuleInit {
  constructor(@Inject(WORK_DIRECTORY) private readonly directory: string) {}

  async onModuleInit(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const leftovers = await readdir(this.directory);
    await Promise.all(
      leftovers.filter((name) => name.startsWith('job-')).map((name) => remove(join(this.directory, name))),
    );
  }

  /** Runs `work` with a folder that only this process can enter, and removes the folder whatever happens. */
  async with<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = join(this.directory, `job-${newId()}`);
    await mkdir(folder, { mode: 0o700 });
    try {
      return await work(folder);
    } finally {
      await remove(folder);
    }
  }
}

function remove(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}
