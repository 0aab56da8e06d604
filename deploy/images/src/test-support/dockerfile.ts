import { readFileSync } from 'node:fs';

/** One instruction: its keyword in capitals, the rest as one line. */
export interface Instruction {
  keyword: string;
  text: string;
}

/** The instructions of a Dockerfile, without comments, with continued lines joined. */
export function readDockerfile(path: string): Instruction[] {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line));
  return lines
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => {
      const [keyword = '', ...words] = line.trim().split(/\s+/);
      return { keyword: keyword.toUpperCase(), text: words.join(' ') };
    });
}

/** What a Dockerfile's instructions of one kind say. */
export function textsOf(instructions: readonly Instruction[], keyword: string): string[] {
  return instructions.filter((one) => one.keyword === keyword).map(({ text }) => text);
}

/** Names and values of `ARG NAME=value` and `ENV NAME=value ...`. */
export function variablesOf(instructions: readonly Instruction[]): Map<string, string> {
  const texts = [...textsOf(instructions, 'ARG'), ...textsOf(instructions, 'ENV')];
  return new Map(
    texts.flatMap((text) => text.split(' ')).map((pair) => [nameOf(pair), pair.slice(nameOf(pair).length + 1)]),
  );
}

const nameOf = (pair: string): string => pair.split('=')[0] ?? pair;

/** Images that stages begin with, defaults of ARGs filled in; stages of the file itself are none. */
export function baseImages(instructions: readonly Instruction[]): string[] {
  const variables = variablesOf(instructions);
  const stages = stagesOf(instructions);
  return textsOf(instructions, 'FROM')
    .map((text) => text.split(' ')[0] ?? '')
    .filter((image) => !stages.includes(image))
    .map((image) => image.replace(/\$\{(\w+)\}/g, (_, name: string) => variables.get(name) ?? ''));
}

/** Names of the stages. */
export function stagesOf(instructions: readonly Instruction[]): string[] {
  return textsOf(instructions, 'FROM').flatMap((text) => / AS (\w+)$/i.exec(text)?.[1] ?? []);
}

/** Paths in the repository that are copied into the image. */
export function copiedPaths(instructions: readonly Instruction[]): string[] {
  return textsOf(instructions, 'COPY')
    .filter((text) => !text.startsWith('--from='))
    .flatMap((text) => text.split(' ').slice(0, -1));
}
