/** What the trainer's behaviour depends on; read from the environment by env.ts alone. */
export interface TrainerSettings {
  /** A runner that is silent for longer loses its run. */
  leaseMs: number;
  /** From the start of a runner to its claim. */
  claimWithinMs: number;
  reconcileEveryMs: number;
  /** A run that waits longer for its evaluation is announced again. */
  evaluationReminderMs: number;
  maxFailedAttempts: number;
}

export const TRAINER_SETTINGS = Symbol('attune:trainer-settings');
