/** Where a run is, as a runner sees it. Each phase has a fixed share of the customer's 0..100, so that the bar only ever grows. */
export const phases = {
  fetching: { stage: 'preparing', from: 0, to: 3 },
  aligning: { stage: 'preparing', from: 3, to: 8 },
  training: { stage: 'training', from: 8, to: 80 },
  packaging: { stage: 'training', from: 80, to: 84 },
  decoding_base: { stage: 'evaluating', from: 84, to: 90 },
  decoding_custom: { stage: 'evaluating', from: 90, to: 96 },
  uploading: { stage: 'evaluating', from: 96, to: 98 },
} as const;
export type Phase = keyof typeof phases;

const order = Object.keys(phases) as Phase[];

/** Seconds that the phases after training are likely to take; known well enough before the first of them is measured. */
const DECODE_SECONDS_PER_RECORDING = 0.5;
const LIKELY_SECONDS = { packaging: 15, uploading: 3 };

export interface Shown {
  stage: (typeof phases)[Phase]['stage'];
  progress: number;
  etaSeconds: number | null;
}

/**
 * Turns what engine and runner report into one figure and one time. Progress is the phase's share, moved by its real steps; the time left is what the
 * engine says of the current phase (from real steps too) plus what the later phases are likely to take, measured ones replacing guesses.
 */
export class ProgressScale {
  private phase: Phase = 'fetching';
  private phaseStartedAt: number;
  private shown = 0;
  private done = 0;
  private etaOfPhase: number | null = null;
  private baseDecodeSeconds: number | null = null;

  constructor(
    private readonly testRecordings: () => number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.phaseStartedAt = now();
  }

  /** Enters a phase; an earlier one than the current is ignored. */
  enter(phase: Phase): Shown {
    if (order.indexOf(phase) > order.indexOf(this.phase)) {
      if (this.phase === 'decoding_base') this.baseDecodeSeconds = (this.now() - this.phaseStartedAt) / 1000;
      this.phase = phase;
      this.phaseStartedAt = this.now();
      this.done = 0;
      this.etaOfPhase = null;
    }
    return this.current();
  }

  /** `done` of `total` real steps of the current phase; the engine's own time left, when it has one. */
  step(done: number, total: number, etaSeconds: number | null): Shown {
    this.done = total > 0 ? Math.min(1, done / total) : 0;
    this.etaOfPhase = etaSeconds ?? this.extrapolated();
    return this.current();
  }

  private current(): Shown {
    const { stage, from, to } = phases[this.phase];
    this.shown = Math.max(this.shown, from + (to - from) * this.done);
    const isKnown = this.etaOfPhase !== null || order.indexOf(this.phase) > order.indexOf('training');
    const rest = order.slice(order.indexOf(this.phase) + 1).reduce((sum, phase) => sum + this.likelySeconds(phase), 0);
    const etaSeconds = isKnown ? Math.round((this.etaOfPhase ?? this.likelySeconds(this.phase)) + rest) : null;
    return { stage, progress: Math.round(this.shown * 100) / 100, etaSeconds };
  }

  private extrapolated(): number | null {
    const elapsed = (this.now() - this.phaseStartedAt) / 1000;
    return this.done > 0 ? (elapsed * (1 - this.done)) / this.done : null;
  }

  private likelySeconds(phase: Phase): number {
    switch (phase) {
      case 'packaging':
      case 'uploading':
        return LIKELY_SECONDS[phase];
      case 'decoding_base':
        return this.testRecordings() * DECODE_SECONDS_PER_RECORDING;
      case 'decoding_custom':
        return this.baseDecodeSeconds ?? this.testRecordings() * DECODE_SECONDS_PER_RECORDING;
      // Before training ends nobody knows how long these take.
      case 'fetching':
      case 'aligning':
      case 'training':
        return 0;
    }
  }
}
