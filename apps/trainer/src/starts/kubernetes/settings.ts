import { z } from 'zod';

/** Machines of one kind, as the blueprint's node selector names them. `slots` counts units of the accelerator's resource. */
export interface Pool {
  name: string;
  /** Its machines may be taken away by their provider at any time. */
  spot: boolean;
  slots: number;
}

/** What an accelerator of the catalogue of bases means in this cluster. */
export interface Accelerator {
  resource: string;
  count: number;
  /** By name; the pools that have it. Without: all. */
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
  /** Where runners reach the trainer. */
  trainerUrl: string;
  /** A start that runs longer is ended. */
  maxSeconds: number;
  sharing: SharingSettings;
}

/** The accelerator of bases that name none. */
export const USUAL_ACCELERATOR = 'gpu';

const name = z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/** `TRAINER_POOLS`. */
export const poolsSchema = z
  .array(z.object({ name, spot: z.boolean().default(false), slots: z.number().int().positive() }).strict())
  .min(1)
  .refine((pools) => new Set(pools.map((pool) => pool.name)).size === pools.length, 'names a pool twice');

/** `TRAINER_ACCELERATORS`. */
export const acceleratorsSchema = z
  .record(
    z
      .object({
        resource: z.string().regex(/^[a-z0-9.-]+\/[a-zA-Z0-9._-]+$/),
        count: z.number().int().positive().default(1),
        pools: z.array(name).min(1).optional(),
      })
      .strict(),
  )
  .refine((known) => USUAL_ACCELERATOR in known, `must say what "${USUAL_ACCELERATOR}" is`);

/** `TRAINER_PRIORITY_CLASSES`. */
export const priorityClassesSchema = z.object({ gold: name, enterprise: name, protected: name }).strict();
