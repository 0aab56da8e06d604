import type { Command } from 'commander';
import type { ApiModel } from '@attune/contracts';
import type { AddAction, CommandContext } from '../command';
import { exitCodes, type ExitCode } from '../exit-codes';
import { formatEta } from '../format';
import { parseModelId } from '../model-argument';
import { describeMetrics, formatLogLine, formatStage } from '../model-text';
import { Eta, startProgress } from '../progress';
import { waitForVerdicts } from '../upload/verdicts';

interface Options {
  wait: boolean;
}

const READY = 2;
const FAILED = 5;

export function addTrain(program: Command, addAction: AddAction): void {
  const command = program
    .command('train')
    .description('train a model on its data, and watch (Ctrl-C ends the watching, not the training)')
    .argument('<model>', 'number or key')
    .option('--no-wait', 'start, and do not watch');
  addAction<Options>(command, async (context, { wait }, argument = '') => {
    const { client, terminal } = context;
    const id = parseModelId(argument);
    await waitForVerdicts(context, id);
    const logOffset = await client.logLength(id);
    const started = await client.startRun(id);
    if (wait) return watch(context, id, logOffset);
    terminal.result(started, `${started.status_message}\nfollow it: attune logs ${String(id)} --follow`);
    return exitCodes.ok;
  });
}

/** Shows the run's log lines, stage and progress until it has ended, then its figures. */
async function watch(context: CommandContext, id: number, logOffset: number): Promise<ExitCode> {
  const { client, terminal } = context;
  const progress = startProgress(terminal);
  const eta = new Eta();
  let printed = logOffset;
  let stage = 'queued';
  const show = async (model: ApiModel): Promise<void> => {
    for await (const line of client.log(id, printed)) {
      printed += 1;
      ({ stage } = line);
      progress.line(formatLogLine(line));
    }
    const percent = model.training_progress ?? 0;
    if (model.stage !== undefined) stage = formatStage(model.stage, model.stage_detail);
    const place = model.queue_position === undefined ? '' : `, number ${String(model.queue_position)} in the queue`;
    const secondsLeft = model.eta_seconds ?? eta.secondsLeft(percent, 100);
    progress.update(percent, 100, `${stage}${place}${formatEta(secondsLeft)}`);
  };
  try {
    const ended = await client.waitForRun(id, { onUpdate: show });
    progress.stop();
    return report(context, ended);
  } finally {
    progress.stop();
  }
}

function report({ terminal }: CommandContext, model: ApiModel): ExitCode {
  if (model.training_status === FAILED) {
    terminal.result(model, `training failed: ${model.error?.message ?? model.status_message}`);
    return exitCodes.runFailed;
  }
  if (model.training_status === READY) {
    terminal.result(model, 'the run was cancelled');
    return exitCodes.runFailed;
  }
  const figures = model.training_metrics ? `\n${describeMetrics(model.training_metrics)}` : '';
  terminal.result(
    model,
    `${model.status_message}${figures}\ntry it: attune transcribe FILE --model ${String(model.id)}`,
  );
  return exitCodes.ok;
}
