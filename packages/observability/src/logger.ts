import pino, { type Logger } from 'pino';
import { logContext } from './context';

export type { Logger } from 'pino';

/** What must never reach a log, wherever it stands in an object. */
const secrets = ['authorization', 'cookie', 'token', 'secret', 'password', 'api_key', 'transcript'];

/**
 * Structured logs: one JSON object a line, with the service's name and the fields of the current context.
 * Control characters are encoded by JSON itself, so nobody forges a line.
 */
export function createLogger(service: string, level = 'info'): Logger {
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: () => ({ ...logContext() }),
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[hidden]' },
  });
}
