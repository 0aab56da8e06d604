/** A sleep that can be cut short. A call of `notify` while nobody sleeps is remembered: the next sleep ends at once. */
export class WakeUp {
  private notified = false;
  private wake: () => void = () => undefined;

  notify(): void {
    this.notified = true;
    this.wake();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.notified) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.notified = false;
  }
}
