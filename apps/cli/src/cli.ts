import { Command, CommanderError } from 'commander';
import { ApiError } from '@attune/client';
import { messageOf } from '@attune/kernel';
import { actionsOf, adminActionsOf, type Surroundings } from './command';
import { addAdmin } from './commands/admin';
import { addCancel } from './commands/cancel';
import { addCreate } from './commands/create';
import { addData } from './commands/data';
import { addDelete } from './commands/delete';
import { addLogs } from './commands/logs';
import { addModels } from './commands/models';
import { addRuns } from './commands/runs';
import { addStatus } from './commands/status';
import { addTrain } from './commands/train';
import { addTranscribe } from './commands/transcribe';
import { addUpload } from './commands/upload';
import { addActivate, addVersions } from './commands/versions';
import { addWebhooks } from './commands/webhooks';
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes';
import { formatDetails } from './format';

const HELP = `
Exit codes: 0 done, 1 refused by the platform, 2 wrong usage, 3 platform unreachable, 4 the run failed.
ATTUNE_URL (http://127.0.0.1:8080) is the platform, ATTUNE_API_KEY the key; without it .attune/api-key of the working directory.
For operators: ATTUNE_ADMIN_KEY, or .attune/admin-key.`;

const commands = [
  addModels,
  addCreate,
  addUpload,
  addData,
  addTrain,
  addStatus,
  addLogs,
  addRuns,
  addCancel,
  addVersions,
  addActivate,
  addTranscribe,
  addDelete,
  addWebhooks,
];

/** Runs one command line and answers its exit code. Never throws. */
export async function runCli(args: readonly string[], around: Surroundings): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  const program = new Command('attune')
    .description('train speech recognition for your own domain')
    .addHelpText('after', HELP)
    .showHelpAfterError('(attune --help lists the commands)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void around.stdout.write(text),
      writeErr: (text) => void around.stderr.write(text),
    });
  const addAction = actionsOf(around, (code) => (exitCode = code));
  for (const add of commands) add(program, addAction);
  addAdmin(
    program,
    adminActionsOf(around, (code) => (exitCode = code)),
  );
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has written its own message already; help asked for is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    around.stderr.write(
      args.includes('--json') ? `${JSON.stringify(errorObject(error))}\n` : errorText(error, args[0] === 'admin'),
    );
    return exitCodeOf(error);
  }
}

function errorObject(error: unknown): object {
  return error instanceof ApiError ? error.toBody() : { message: messageOf(error) };
}

function errorText(error: unknown, forOperators: boolean): string {
  if (exitCodeOf(error) === exitCodes.interrupted)
    return 'attune: interrupted; what the platform has begun goes on there\n';
  if (!(error instanceof ApiError)) return `attune: ${messageOf(error)}\n`;
  const details = formatDetails(error.details).map((line) => `  ${line}\n`);
  return `attune: ${error.message} (${error.errorCode})\n${details.join('')}${adviceOn(error, forOperators)}`;
}

function adviceOn(error: ApiError, forOperators: boolean): string {
  switch (error.errorCode) {
    case 'NOT_FOUND':
      return forOperators ? '  this platform has no operators’ API: its models-api runs without ADMIN_KEY\n' : '';
    case 'ORGANIZATION_NOT_FOUND':
      return '  `attune admin organizations list` shows all\n';
    case 'API_KEY_NOT_FOUND':
      return '  `attune admin keys list ORGANIZATION` shows its keys\n';
    case 'MISSING_API_KEY':
    case 'INVALID_API_KEY':
    case 'KEY_REVOKED':
      return `  set ${forOperators ? 'ATTUNE_ADMIN_KEY to the admin key' : 'ATTUNE_API_KEY to a key'} of this platform\n`;
    case 'MODEL_NOT_FOUND':
      return '  `attune models` lists yours\n';
    case 'MODEL_BUSY':
      return '  `attune status MODEL` shows how far the run is\n';
    case 'RUN_NOT_FOUND':
      return '  `attune runs MODEL` lists them\n';
    case 'INSUFFICIENT_DATA':
      return '  upload more training data: attune upload MODEL FOLDER\n';
    default:
      return error.retryAfterSeconds === null ? '' : `  try again in ${String(error.retryAfterSeconds)} s\n`;
  }
}
