/** Told when a step of the start begins and ends, so that a person sees what takes the time. */
export interface StepListener {
  (step: string, seconds: number): void;
}

/** Runs one named step and reports how long it took. */
export async function step<T>(name: string, listener: StepListener, work: () => Promise<T> | T): Promise<T> {
  const started = performance.now();
  const result = await work();
  listener(name, (performance.now() - started) / 1000);
  return result;
}
