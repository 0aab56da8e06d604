import { modelStatus, statusAfter, statusAfterCancel, statusMessage, type ModelEvent, type ModelStatus } from './model';

const statuses = Object.values(modelStatus);

describe('a model’s status', () => {
  it.each<[ModelEvent, (ModelStatus | null)[]]>([
    // After the event, from 1, 2, 3, 4 and 5; null: nothing changes.
    ['trainingDataStored', [2, null, null, null, null]],
    ['trainingDataGone', [null, 1, null, null, null]],
    ['runRequested', [null, 3, null, 3, 3]],
    ['runSucceeded', [null, null, 4, null, null]],
    ['runFailed', [null, null, 5, null, null]],
  ])('moves after %s exactly so', (event, expected) => {
    expect(statuses.map((status) => statusAfter(status, event))).toEqual(expected);
  });

  it('never leaves 3, 4 or 5 because of data', () => {
    for (const status of [3, 4, 5] as const) {
      expect(statusAfter(status, 'trainingDataStored')).toBeNull();
      expect(statusAfter(status, 'trainingDataGone')).toBeNull();
    }
  });

  it('is after a cancelled run what it would be without the run', () => {
    expect(statusAfterCancel({ hasVersion: true, hasTrainingData: true })).toBe(4);
    expect(statusAfterCancel({ hasVersion: true, hasTrainingData: false })).toBe(4);
    expect(statusAfterCancel({ hasVersion: false, hasTrainingData: true })).toBe(2);
    expect(statusAfterCancel({ hasVersion: false, hasTrainingData: false })).toBe(1);
  });

  it('is told in the contract’s words, and a failure in its own', () => {
    expect(statuses.map((status) => statusMessage({ status, failure: 'No speech was found' }))).toEqual([
      'Model created. Upload training data to begin.',
      'Data uploaded. Ready to start training.',
      'Training in progress...',
      'Training completed successfully',
      'No speech was found',
    ]);
  });
});
