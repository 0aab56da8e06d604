import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { OrganizationId } from '@attune/kernel';
import { GENESIS, hashOf, type Booking } from './ledger';
import { LedgerRepository } from './ledger.repository';

/** An organization's books, open for one transaction: nobody else books for it until that ends. */
export interface OpenLedger {
  organizationId: OrganizationId;
  /** The moment that what is booked now carries, to the millisecond. */
  at: Date;
  last: { sequence: number; hash: string } | null;
}

/** The books of every organization: one lock, one unbroken chain of transactions each. */
@Injectable()
export class LedgerService {
  constructor(private readonly ledger: LedgerRepository) {}

  /** To be called before anything is read that a booking depends on. */
  async open(tx: Tx, organizationId: OrganizationId): Promise<OpenLedger> {
    await this.ledger.lock(tx, organizationId);
    const { now, last } = await this.ledger.head(tx, organizationId);
    return { organizationId, at: now, last };
  }

  /** Once for each time that the ledger was opened. */
  async book(tx: Tx, { organizationId, at, last }: OpenLedger, booking: Booking): Promise<void> {
    const unhashed = {
      ...booking,
      organizationId,
      sequence: (last?.sequence ?? 0) + 1,
      recordedAt: at,
      previousHash: last?.hash ?? GENESIS,
    };
    await this.ledger.insert(tx, { ...unhashed, hash: hashOf(unhashed) });
  }
}
