#!/usr/bin/env node
import { runCli } from './cli';
import { processVariables } from './env';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());

void runCli(process.argv.slice(2), {
  variables: processVariables(),
  workingDirectory: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  signal: interrupted.signal,
}).then((code) => (process.exitCode = code));
