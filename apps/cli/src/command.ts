import type { Command } from 'commander';
import { AttuneAdminClient, AttuneClient } from '@attune/client';
import { readAdminEnv, readEnv, type Env } from './env';
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

/** What a command of operators works with. */
export interface AdminContext {
  admin: AttuneAdminClient;
  terminal: Terminal;
}

type Action<C, O> = (context: C, options: O, ...args: string[]) => Promise<ExitCode>;
type Add<C> = <O extends object>(command: Command, action: Action<C, O>) => void;

/** Gives a command its `--json` and its work. Its positional arguments come as strings, after the options. */
export type AddAction = Add<CommandContext>;
/** The same for commands of operators. */
export type AddAdminAction = Add<AdminContext>;

/** Makes the AddAction of one process; `onExit` hears each command's exit code. */
export function actionsOf(around: Surroundings, onExit: (code: ExitCode) => void): AddAction {
  return adder(around, onExit, async (terminal) => {
    const env = await readEnv(around.variables, around.workingDirectory);
    const client = new AttuneClient({ baseUrl: env.url, apiKey: env.apiKey, ...waiting(around, terminal) });
    return { client, env, terminal, stdin: around.stdin, signal: around.signal };
  });
}

export function adminActionsOf(around: Surroundings, onExit: (code: ExitCode) => void): AddAdminAction {
  return adder(around, onExit, async (terminal) => {
    const { url, adminKey } = await readAdminEnv(around.variables, around.workingDirectory);
    return {
      admin: new AttuneAdminClient({ baseUrl: url, apiKey: adminKey, ...waiting(around, terminal) }),
      terminal,
    };
  });
}

function adder<C>(
  around: Surroundings,
  onExit: (code: ExitCode) => void,
  contextOf: (terminal: Terminal) => Promise<C>,
): Add<C> {
  return <O extends object>(command: Command, action: Action<C, O>) => {
    command.option('--json', 'write the result as JSON, and nothing else, to stdout');
    command.action(async (...received: unknown[]) => {
      const args = received.slice(0, -2).map(String);
      const options = command.opts<O & { json?: boolean }>();
      const terminal = new Terminal(around.stdout, around.stderr, options.json === true);
      onExit(await action(await contextOf(terminal), options, ...args));
    });
  };
}

function waiting({ signal }: Surroundings, terminal: Terminal) {
  return {
    signal,
    onWait: (seconds: number, code: string) =>
      terminal.note(`the platform asks to wait ${String(Math.ceil(seconds))} s (${code})`),
  };
}
