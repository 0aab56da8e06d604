import { Injectable, Logger } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { Counter } from '@attune/observability';
import type { Alert, AlertKind } from './alert';
import { AlertsRepository } from './alerts.repository';

const alertsRaised = new Counter({
  name: 'attune_billing_alerts_total',
  help: 'What a person has to look at, by kind; each is a row of billing.alert',
  labelNames: ['kind'],
});
for (const kind of ['usage_conflict', 'released_hold_charged', 'impossible_bill'] satisfies AlertKind[])
  alertsRaised.inc({ kind }, 0);

/** Tells people: one row, one line in the log and one count for each thing, however often it is met. */
@Injectable()
export class AlertsService {
  private readonly logger = new Logger(AlertsService.name);

  constructor(private readonly alerts: AlertsRepository) {}

  async raise(tx: Tx, alert: Alert): Promise<void> {
    if (!(await this.alerts.insert(tx, alert))) return;
    alertsRaised.inc({ kind: alert.kind });
    this.logger.error({ alert }, `billing needs a person: ${alert.kind} of ${alert.subject}`);
  }
}
