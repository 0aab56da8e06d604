/** The run is no longer this runner's, or it was asked to end: leave without another word. */
export class Stopped extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Stopped';
  }
}

/** Ends the run or the attempt; the message is in the customer's words. `data`: only the customer can mend it. */
export class RunFault extends Error {
  constructor(
    readonly kind: 'data' | 'engine' | 'interrupted',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'RunFault';
  }
}
