import { Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import type { LimitName, OrganizationId } from '@attune/kernel';
import { bucketSeconds, type RequestPolicy } from './request-policy';

export interface PermitDemand {
  policies: readonly RequestPolicy[];
  /** Requests that wait. */
  needed: number;
  /** Permits that will be used soon, those that wait among them. */
  wanted: number;
  /** Requests that this instance wants to have open in all, and has. */
  slots: number;
  open: number;
  slotQuota: number | null;
}

export interface PermitGrant {
  granted: number;
  /** How many requests this instance may have open; of meaning only when something was granted. */
  slots: number;
  /** How many the other instances may have open. */
  others: number;
  /** The database's time, in milliseconds since 1970. */
  nowMs: number;
  /** How each window was before the grant. */
  windows: { policy: LimitName; used: number; freesAtMs: number | null; opensAtMs: number | null }[];
}

/** Permits that were not used, by the policy and bucket that they were counted in. */
export interface UnusedPermits {
  policy: LimitName;
  bucket: number;
  unused: number;
}

interface GrantJson {
  granted: number;
  slots: number;
  others: number;
  now_ms: number;
  windows: { policy: LimitName; used: number; frees_at_ms: number | null; open_at_ms: number | null }[];
}

/** The count of requests that all instances share: one statement for as many requests as wait. */
@Injectable()
export class PermitsRepository {
  constructor(private readonly database: Database) {}

  /** Sent again after a lost connection, it may count permits that nobody got: too much in one window, never too little. */
  async take(organizationId: OrganizationId, instance: string, demand: PermitDemand): Promise<PermitGrant> {
    const [row] = await this.database.query<{ grant: GrantJson }>(
      { organizationId },
      `SELECT take_permits($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS grant`,
      [
        organizationId,
        demand.policies.map(({ policy }) => policy),
        demand.policies.map(({ quota }) => quota),
        demand.policies.map(bucketSeconds),
        demand.needed,
        demand.wanted,
        instance,
        demand.slots,
        demand.open,
        demand.slotQuota,
      ],
    );
    if (!row) throw new Error('take_permits answered nothing');
    const { granted, slots, others, now_ms: nowMs, windows } = row.grant;
    return {
      granted,
      slots,
      others,
      nowMs,
      windows: windows.map(({ policy, used, frees_at_ms: freesAtMs, open_at_ms: opensAtMs }) => ({
        policy,
        used,
        freesAtMs,
        opensAtMs,
      })),
    };
  }

  /** `slots` null leaves the instance's share as it is. Never sent twice: a permit given back twice would let in one too many. */
  async settle(
    organizationId: OrganizationId,
    instance: string,
    slots: number | null,
    unused: readonly UnusedPermits[],
  ): Promise<void> {
    await this.database.query(
      { organizationId },
      `SELECT settle_permits($1, $2, $3, $4, $5, $6)`,
      [
        organizationId,
        instance,
        slots,
        unused.map(({ policy }) => policy),
        unused.map(({ bucket }) => bucket),
        unused.map((one) => one.unused),
      ],
      { attempts: 1 },
    );
  }
}
