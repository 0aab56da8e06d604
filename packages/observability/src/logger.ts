import pino, { type DestinationStream, type Logger } from 'pino';
import { logContext } from './context';

export type { Logger } from 'pino';

/** What must never reach a log, wherever it stands in an object. */
const secrets = ['authorization', 'cookie', 'token', 'secret', 'password', 'api_key', 'transcript'];

/**
 * Structured logs: one JSON object a line, with the service's name and the fields of the current context.
 * Control characters are encoded by JSON itself, so nobody forges a line. They go to stdout unless another destination is given.
 */
export function createLogger(service: string, level = 'info', destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: () => ({ ...logContext() }),
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[hidden]' },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
