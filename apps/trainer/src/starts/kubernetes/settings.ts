import { z } from 'zod';

/** Machines of one kind, as the blueprint's node selector names them. `slots` counts units of their resource. */
export interface Pool {
  name: string;
  resource: string;
  /** Its machines may be taken away by their provider at any time. */
  spot: boolean;
  slots: number;
}

/** What an accelerator of the catalogue of bases means in this cluster. */
export interface Accelerator {
  resource: string;
  count: number;
  /** By name, of the pools with the resource those that are meant. Without: all. */
  pools?: readonly string[] | undefined;
}

export interface PriorityClasses {
  /** Of most plans; its starts may lose their machines to those of `enterprise`. */
  gold: string;
  enterprise: string;
  /** Of a run that has lost its machine lately: nobody takes the next one from it. */
  protected: string;
}

/** How the cluster's machines are shared. Pools are in the order in which they are filled. */
export interface SharingSettings {
  pools: readonly Pool[];
  accelerators: Readonly<Record<string, Accelerator>>;
  priorityClasses: PriorityClasses;
  /** A run that has lost its machine so often starts on pools that are not spot. */
  spotPreemptions: number;
  /** A run that lost its machine within this time is protected. */
  protectedForMs: number;
}

export interface KubernetesExecutorSettings {
  namespace: string;
  /** The file with the Job of a start. */
  blueprintFile: string;
  runnerImage: string;
  /** Kueue's queue of starts, where Kueue grants the machines; null where nobody does. */
  kueueQueue: string | null;
  /** Where runners reach the trainer. */
  trainerUrl: string;
  /** A start that runs longer is ended. */
  maxSeconds: number;
  sharing: SharingSettings;
  timings: ExecutorTimings;
}

/** How long the executor is patient. */
export interface ExecutorTimings {
  /** A start that is not to be seen so shortly after it was ordered may still be made, by another trainer. */
  unknownForMs: number;
  /** While its Secret is missing: whoever should have made it is gone, and nobody else knows the token. */
  secretMissingForMs: number;
  /** While its image cannot be pulled, or its container not be made from it. */
  imageMissingForMs: number;
  /** A start that found no spot machine for so long tries again, and comes nearer to those that are not spot. */
  spotMissingForMs: number;
  /** A cancelled start's pod may take this long to confirm its end; one on a machine that is gone never does. */
  killConfirmMs: number;
}

export const usualTimings: ExecutorTimings = {
  unknownForMs: 10_000,
  secretMissingForMs: 30_000,
  imageMissingForMs: 300_000,
  spotMissingForMs: 600_000,
  killConfirmMs: 3000,
};

/** The accelerator of bases that name none. */
export const USUAL_ACCELERATOR = 'gpu';
/** A name that the settings do not explain is one of NVIDIA's resources, if a pool has it: `gpu`, `mig-3g.40gb`. */
export const USUAL_VENDOR = 'nvidia.com';

const resource = z.string().regex(/^[a-z0-9.-]+\/[a-zA-Z0-9._-]+$/);
const name = z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/** `TRAINER_POOLS`. */
export const poolsSchema = z
  .array(
    z
      .object({
        name,
        resource: resource.default(`${USUAL_VENDOR}/${USUAL_ACCELERATOR}`),
        spot: z.boolean().default(false),
        slots: z.number().int().positive(),
      })
      .strict(),
  )
  .min(1)
  .refine((pools) => new Set(pools.map((pool) => pool.name)).size === pools.length, 'names a pool twice');

/** `TRAINER_ACCELERATORS`. */
export const acceleratorsSchema = z.record(
  z
    .object({
      resource,
      count: z.number().int().positive().default(1),
      pools: z.array(name).min(1).optional(),
    })
    .strict(),
);

/** `TRAINER_PRIORITY_CLASSES`. */
export const priorityClassesSchema = z.object({ gold: name, enterprise: name, protected: name }).strict();
