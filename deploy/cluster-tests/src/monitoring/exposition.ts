/** The samples of one metric, each by its labels. */
export type Samples = readonly ReadonlyMap<string, string>[];

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** What a service exposes, as Prometheus reads its text: by the name of each sample (`x_bucket`, `x_count` of a histogram `x`). */
export function readExposition(text: string): Map<string, Samples> {
  const samples = new Map<string, ReadonlyMap<string, string>[]>();
  const at = (name: string): ReadonlyMap<string, string>[] => {
    const known = samples.get(name) ?? [];
    samples.set(name, known);
    return known;
  };
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = SAMPLE.exec(line) ?? [];
    if (name === undefined) continue;
    at(name).push(new Map([...labels.matchAll(LABEL)].map(([, label = '', value = '']) => [label, value])));
  }
  return samples;
}

/** All services' samples together, as they lie in one Prometheus. */
export function mergeExpositions(all: readonly Map<string, Samples>[]): Map<string, Samples> {
  const merged = new Map<string, Samples>();
  for (const one of all) {
    for (const [name, samples] of one) merged.set(name, [...(merged.get(name) ?? []), ...samples]);
  }
  return merged;
}
