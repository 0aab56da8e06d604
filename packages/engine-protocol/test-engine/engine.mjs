#!/usr/bin/env node
// An engine program for tests: it speaks the whole protocol of this package (../README.md) without a neural network. Its "training"
// learns transcripts by heart, its steps take as long as it is told, and it fails at named points, so that every crash can be tried.
//
//   engine.mjs [--script FILE] [--name NAME] describe | train JOB | align JOB | transcribe JOB | transcribe --serve | base default --output DIR
//
// FILE is JSON: { "steps", "step_ms", "checkpoint_every", "item_ms", "faults": [{ "at", "do", "times" }] }
//   at    a point: train:start, train:step:<n>, train:checkpoint:<n>, train:packaging, align:start, transcribe:start, transcribe:item:<n>, serve:ready, serve:request:<n>
//   do    kill (SIGKILL itself), exit:<code>, hang (until killed), garbage (lines that are no events), flood (one line of 8 MiB)
//   times how often in all, over every process that reads FILE (default 1); counted in FILE.<index>.<k> beside it
import { parseArgs } from 'node:util';
import { readScript } from './script.mjs';
import { describe, makeBase } from './base.mjs';
import { train } from './train.mjs';
import { align } from './align.mjs';
import { transcribe } from './transcribe.mjs';
import { serve } from './serve.mjs';
import { EngineFault, emit, readJob } from './protocol.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    script: { type: 'string' },
    name: { type: 'string', default: 'scripted' },
    serve: { type: 'boolean' },
    output: { type: 'string' },
    threads: { type: 'string' },
    'memory-limit-mb': { type: 'string' },
    device: { type: 'string' },
  },
});
const [command, argument] = positionals;
const script = readScript(values.script);

// The parent may have died before the kernel was told to end us with it.
const parent = Number(process.env.ATTUNE_ENGINE_PARENT ?? process.ppid);
if (parent !== process.ppid) process.exit(75);

try {
  if (command === 'describe') describe(values.name);
  else if (command === 'base' && argument === 'default' && values.output) makeBase(values.output, values.name);
  else if (command === 'train') await train(readJob(argument), script);
  else if (command === 'align') await align(readJob(argument), script);
  else if (command === 'transcribe' && values.serve) await serve(script);
  else if (command === 'transcribe') await transcribe(readJob(argument), script);
  else throw new EngineFault(70, 'BAD_JOB', `unknown command ${String(command)}`);
} catch (error) {
  if (!(error instanceof EngineFault)) console.error(error);
  const fault =
    error instanceof EngineFault ? error : new EngineFault(70, 'INTERNAL', 'The engine failed unexpectedly.');
  if (fault.exitCode !== 75) emit({ type: 'error', code: fault.code, message: fault.message });
  process.exitCode = fault.exitCode;
}
