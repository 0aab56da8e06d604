import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { PriceBook } from '@attune/pricing';
import { fromRowPriceBook, type PriceBookRow } from './price-book.mapping';

const columns = 'version, currency, included_ms, unit_ms, unit_cents, rounding';

@Injectable()
export class PriceBooksRepository {
  /** Throws when none is in force yet. */
  async inForce(tx: Tx): Promise<PriceBook> {
    const [row] = await tx.query<PriceBookRow>(
      `SELECT ${columns} FROM price_book WHERE effective_from <= now() ORDER BY effective_from DESC LIMIT 1`,
    );
    if (!row) throw new Error('no price book is in force');
    return fromRowPriceBook(row);
  }

  /** Throws when there is none of that version. */
  async get(tx: Tx, version: string): Promise<PriceBook> {
    const [row] = await tx.query<PriceBookRow>(`SELECT ${columns} FROM price_book WHERE version = $1`, [version]);
    if (!row) throw new Error(`there is no price book ${version}`);
    return fromRowPriceBook(row);
  }
}
