import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import type { Alert } from './alert';

@Injectable()
export class AlertsRepository {
  /** False when it has been raised before. */
  async insert(tx: Tx, alert: Alert): Promise<boolean> {
    const inserted = await tx.execute(
      `INSERT INTO alert (kind, subject, organization_id, details) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      [alert.kind, alert.subject, alert.organizationId, JSON.stringify(alert.details)],
    );
    return inserted > 0;
  }
}
