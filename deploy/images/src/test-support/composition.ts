import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';

export interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  security_opt?: string[];
  healthcheck?: unknown;
  depends_on?: Record<string, { condition: string }>;
}
export interface Composition {
  services: Record<string, Service>;
  volumes: Record<string, null>;
}

export const deploy = join(__dirname, '..', '..', '..');
export const composeFile = join(deploy, 'compose.yaml');
export const composeText = readFileSync(composeFile, 'utf8');

/** What secrets.sh leaves in the file at `path`. */
export function drawSecrets(path: string): Record<string, string> {
  execFileSync(join(deploy, 'compose', 'secrets.sh'), [path]);
  return parseEnv(readFileSync(path, 'utf8')) as Record<string, string>;
}

/** The file's text with its variables filled in: `${NAME:?}` and `${NAME:-default}`, the only forms that it uses. */
export function fillIn(values: Readonly<Record<string, string>>): string {
  return composeText.replace(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name: string, kind: string, fallback: string) => {
    const value = values[name] ?? (kind === '-' ? fallback : undefined);
    if (value === undefined) throw new Error(`secrets.sh draws no ${name}`);
    return value;
  });
}

export function readComposition(text: string): Composition {
  return parse(text, { merge: true }) as Composition;
}
