import type { Migration } from '@attune/database';
import { messagingTables } from '@attune/messaging';
import { init } from './0001-init';
import { limits } from './0010-limits';
import { runControl } from './0040-run-control';
import { data } from './0050-data';
import { archives } from './0051-archives';
import { resumableUploads } from './0052-resumable-uploads';
import { rowSecurity } from './0053-row-security';
import { idempotency } from './0060-idempotency';
import { webhooks } from './0061-webhooks';
import { pastRuns } from './0062-past-runs';
import { modelCounts } from './0070-model-counts';
import { hourlyLimits } from './0071-hourly-limits';
import { requestLimits } from './0072-request-limits';
import { requestSlotsEnd } from './0073-request-slots-end';
import { webhookLogByState } from './0074-webhook-log-by-state';
import { erasureBackoff } from './0075-erasure-backoff';
import { stageDetail } from './0076-stage-detail';

/** The history of the schema `models`, in order. */
export const migrations: readonly Migration[] = [
  init,
  { name: '0002-messaging', sql: messagingTables },
  limits,
  runControl,
  data,
  archives,
  resumableUploads,
  rowSecurity,
  idempotency,
  webhooks,
  pastRuns,
  modelCounts,
  hourlyLimits,
  requestLimits,
  requestSlotsEnd,
  webhookLogByState,
  erasureBackoff,
  stageDetail,
];
