import { AppError, type ItemId } from '@attune/kernel';
import { TRANSCRIPT_FAULTS, type TranscriptFault } from '@attune/transcripts';
import type { DataType, ItemStatus, Twin } from './data-item';

/** Also for another model's item and a deleted one: nobody can tell them from one that never was. */
export const dataNotFound = (): AppError => new AppError('DATA_NOT_FOUND', 'Data item not found');

/** Only an item that is ready has bytes. */
export const dataNotReady = (status: ItemStatus): AppError =>
  new AppError(
    'DATA_NOT_READY',
    status === 'rejected'
      ? 'The pair was refused and nothing of it is stored; upload it again'
      : 'The pair is still being processed; try again shortly',
    { details: { item_status: status } },
  );

/** A live run uses the item: its snapshot may not change under it. */
export const dataInUse = (): AppError =>
  new AppError('MODEL_BUSY', 'A live training run uses this item; cancel the run, or wait until it has ended');

/** The recording is stored already, in another way than it was sent now. */
export const dataConflict = (twin: Exclude<Twin, 'same'>, id: ItemId, storedType: DataType): AppError =>
  new AppError(
    'DATA_CONFLICT',
    twin === 'other_type'
      ? `This recording is stored as ${storedType} data already; move that item instead`
      : 'This recording is stored with another transcript already; replace the transcript of that item, or delete the item',
    { details: { data_id: id, reason: twin, stored_type: storedType } },
  );

/** In the words in which ingestion refuses it. */
export function invalidTranscript(fault: TranscriptFault): AppError {
  const { message, fix } = TRANSCRIPT_FAULTS[fault];
  return new AppError('INVALID_TRANSCRIPT', message, {
    details: { issues: [{ code: fault.toUpperCase(), severity: 'error', message, fix }] },
  });
}

export const rangeNotSatisfiable = (bytes: number): AppError =>
  new AppError('RANGE_NOT_SATISFIABLE', `The recording has ${String(bytes)} bytes`, { details: { bytes } });
