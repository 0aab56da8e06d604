import { loadYaml, type V1Job } from '@kubernetes/client-node';
import { z } from 'zod';
import { messageOf } from '@attune/kernel';

const placeholders = [
  'runId',
  'start',
  'organizationId',
  'priorityClass',
  'pool',
  'gpuResource',
  'gpuCount',
  'maxSeconds',
  'trainerUrl',
  'image',
] as const;

/** What a start puts into the blueprint; everything else is the platform engineer's. */
export type BlueprintValues = Record<(typeof placeholders)[number], string>;

/** The blueprint cannot be used; the message says what to mend. */
export class BadBlueprint extends Error {
  constructor(reason: string) {
    super(`the blueprint of training Jobs is not right: ${reason}`);
    this.name = 'BadBlueprint';
  }
}

/** Names, addresses and numbers: nothing that YAML reads as more than a word. */
const WORD = /^[A-Za-z0-9][A-Za-z0-9._/:@-]*$/;

const sample: BlueprintValues = {
  runId: '00000000-0000-7000-8000-000000000001',
  start: '1',
  organizationId: '00000000-0000-7000-8000-000000000002',
  priorityClass: 'class',
  pool: 'pool',
  gpuResource: 'example.com/gpu',
  gpuCount: '1',
  maxSeconds: '3600',
  trainerUrl: 'http://trainer:8083',
  image: 'registry/runner:1',
};

export function jobName({ runId, start }: { runId: string; start: number | string }): string {
  return `run-${runId}-${String(start)}`;
}

/** The Secret of a start has its Job's name; the pod waits for it. */
export const TOKEN_KEY = 'token';

const labelsOf = (values: BlueprintValues) => ({
  'app.kubernetes.io/part-of': z.literal('attune'),
  'attune.dev/run': z.literal(values.runId),
  'attune.dev/start': z.literal(values.start),
});

/** What the executor relies on, so that a blueprint without it is refused when the trainer starts and not with the first run. */
function expectations(values: BlueprintValues, namespace: string) {
  return z.object({
    apiVersion: z.literal('batch/v1'),
    kind: z.literal('Job'),
    metadata: z.object({
      name: z.literal(jobName(values)),
      namespace: z.literal(namespace).optional(),
      labels: z.object(labelsOf(values)),
    }),
    spec: z.object({
      backoffLimit: z.literal(0),
      activeDeadlineSeconds: z.number().int().positive(),
      template: z.object({
        metadata: z.object({ labels: z.object(labelsOf(values)) }),
        spec: z.object({
          restartPolicy: z.literal('Never'),
          priorityClassName: z.literal(values.priorityClass),
          nodeSelector: z.object({ 'attune.dev/pool': z.literal(values.pool) }),
          containers: z.tuple([z.object({ name: z.literal('runner') })]),
        }),
      }),
    }),
  });
}

/** The Job of every start, but for what differs from start to start. */
export class Blueprint {
  private constructor(private readonly text: string) {}

  /** Throws BadBlueprint unless the text has every placeholder, no other, and is what the executor relies on when they are filled. */
  static parse(text: string, namespace: string): Blueprint {
    // A comment may speak of placeholders.
    const used = new Set(withoutComments(text).match(/\$\{[^}]*\}?/g));
    const known = placeholders.map((name) => `\${${name}}`);
    const unknown = [...used].filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new BadBlueprint(`unknown ${unknown.join(', ')}`);
    const missing = known.filter((name) => !used.has(name));
    if (missing.length > 0) throw new BadBlueprint(`${missing.join(', ')} missing`);
    const blueprint = new Blueprint(withoutComments(text));
    const checked = expectations(sample, namespace).safeParse(blueprint.read(sample));
    if (checked.success) return blueprint;
    const problems = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new BadBlueprint(problems.join('; '));
  }

  /** Throws when a value is not one word: it could say more in YAML than its place allows. */
  fill(values: BlueprintValues): V1Job {
    for (const name of placeholders) {
      if (!WORD.test(values[name])) throw new BadBlueprint(`${name} may not be ${JSON.stringify(values[name])}`);
    }
    return this.read(values);
  }

  private read(values: BlueprintValues): V1Job {
    const filled = this.text.replace(/\$\{(\w+)\}/g, (_, name: string) => values[name as keyof BlueprintValues]);
    try {
      return loadYaml<V1Job>(filled);
    } catch (error) {
      throw new BadBlueprint(messageOf(error));
    }
  }
}

/** Whole lines only: a `#` within a line may belong to a text. */
function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n');
}
