import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '@attune/embedded';
import { eventually, tsProgram } from '@attune/testing';
import type { TestApi } from './test-api';

/** models-api as a process of its own, on the database, broker and store of a TestApi: to be killed. */
export class ApiProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /** Resolves when it is ready. */
  static async start({ env }: TestApi): Promise<ApiProcess> {
    if (env.store.kind !== 'filesystem') throw new Error('a TestApi has a filesystem store');
    const port = await freePort();
    const { command, args } = tsProgram(join(__dirname, '..', 'main.ts'));
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        PORT: String(port),
        LOG_LEVEL: 'silent',
        DATABASE_URL: env.databaseUrl,
        NATS_URL: env.natsUrl,
        STORE_KIND: 'filesystem',
        STORE_DIRECTORY: env.store.directory,
        STORE_SIGNING_SECRET: env.store.signingSecret,
        STORE_INTERNAL_URL: env.store.publicBaseUrl,
        API_KEY_PEPPER: env.apiKeyPepper,
        SECRETS_KEY: env.secretsKey,
        WEBHOOKS_ALLOW_PRIVATE: String(env.webhooks.allowPrivate),
        STT_URL: env.stt.url,
        STT_INTERNAL_TOKEN: env.stt.token,
      },
    });
    const url = `http://127.0.0.1:${String(port)}`;
    await eventually(
      async () => {
        const answer = await fetch(`${url}/healthz/ready`);
        if (!answer.ok) throw new Error(await answer.text());
      },
      { timeoutMs: 30_000 },
    );
    return new ApiProcess(child, url);
  }

  /** Ends it by SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
