/** The test set cannot be judged, now or ever. `message` is in the customer's words. */
export class Unjudgeable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Unjudgeable';
  }
}

export const emptyTestSet = (): Unjudgeable =>
  new Unjudgeable(
    'The test data has no words to compare with. Upload test recordings with their transcripts, then train again.',
  );

export const damagedDecode = (cause?: unknown): Unjudgeable =>
  new Unjudgeable('The transcriptions of the test data came out damaged. Start the training again.', { cause });
