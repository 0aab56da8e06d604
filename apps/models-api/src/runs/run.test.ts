import { AppError } from '@attune/kernel';
import { checkTrainingData, toHours } from './run';

const data = (processing: number, ready: number, audioMs: number, testProcessing = 0) => ({
  train: { processing, ready, audioMs },
  test: { processing: testProcessing },
});

function refusal(check: () => void): AppError {
  try {
    check();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('it was not refused');
}

describe('the data of a run', () => {
  it('is enough from the very millisecond of the minimum on', () => {
    expect(() => checkTrainingData(data(0, 1, 60_000), 60_000)).not.toThrow();
    expect(refusal(() => checkTrainingData(data(0, 1, 59_999), 60_000)).code).toBe('INSUFFICIENT_DATA');
  });

  it.each([
    ['nothing', data(0, 0, 0)],
    ['a training pair in processing', data(1, 5, 90_000)],
    ['a test pair in processing', data(0, 5, 90_000, 1)],
  ])('is not ready with %s', (_, given) => {
    expect(refusal(() => checkTrainingData(given, 0)).code).toBe('MODEL_NOT_READY');
  });

  it('is counted in hours of four decimals', () => {
    expect([toHours(18_000_000), toHours(90_000), toHours(60_000)]).toEqual([5, 0.025, 0.0167]);
  });
});
