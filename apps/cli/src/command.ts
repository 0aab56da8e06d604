import type { Command } from 'commander';
import { AttuneClient } from '@attune/client';
import { readEnv, type Env } from './env';
import type { ExitCode } from './exit-codes';
import { Terminal } from './terminal';

/** The process around a command, so that tests can be another one. */
export interface Surroundings {
  variables: NodeJS.ProcessEnv;
  workingDirectory: string;
  stdout: Terminal['stdout'];
  stderr: Terminal['stderr'];
  stdin: NodeJS.ReadableStream;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/** What a command works with. */
export interface CommandContext {
  client: AttuneClient;
  env: Env;
  terminal: Terminal;
  stdin: NodeJS.ReadableStream;
  signal: AbortSignal;
}

type Action<O> = (context: CommandContext, options: O, ...args: string[]) => Promise<ExitCode>;

/** Gives a command its `--json` and its work. Its positional arguments come as strings, after the options. */
export type AddAction = <O extends object>(command: Command, action: Action<O>) => void;

/** Makes the AddAction of one process; `onExit` hears each command's exit code. */
export function actionsOf(around: Surroundings, onExit: (code: ExitCode) => void): AddAction {
  return <O extends object>(command: Command, action: Action<O>) => {
    command.option('--json', 'write the result as JSON, and nothing else, to stdout');
    command.action(async (...received: unknown[]) => {
      const args = received.slice(0, -2).map(String);
      const options = command.opts<O & { json?: boolean }>();
      const terminal = new Terminal(around.stdout, around.stderr, options.json === true);
      const env = await readEnv(around.variables, around.workingDirectory);
      const client = new AttuneClient({
        baseUrl: env.url,
        apiKey: env.apiKey,
        signal: around.signal,
        onWait: (seconds, code) => terminal.note(`the platform asks to wait ${String(Math.ceil(seconds))} s (${code})`),
      });
      onExit(await action({ client, env, terminal, stdin: around.stdin, signal: around.signal }, options, ...args));
    });
  };
}
