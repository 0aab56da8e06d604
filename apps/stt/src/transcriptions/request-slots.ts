import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge } from '@attune/observability';
import { TRANSCRIPTION_LIMITS, type TranscriptionLimits } from './transcription';
import { unavailable } from './transcription.errors';

const requests = new Gauge({
  name: 'attune_stt_requests',
  help: 'Transcriptions: open now, and at most at once (limit)',
  labelNames: ['state'],
});
const refused = new Counter({
  name: 'attune_stt_refused_total',
  help: 'Requests refused because all slots were taken',
});

/** Bounds the requests at once, and with them the disk that their recordings take. One too many is told to come back. */
@Injectable()
export class RequestSlots {
  private taken = 0;

  constructor(@Inject(TRANSCRIPTION_LIMITS) private readonly limits: TranscriptionLimits) {
    requests.set({ state: 'limit' }, limits.requests);
    this.count(0);
  }

  /** Throws SERVICE_UNAVAILABLE when all slots are taken. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.taken >= this.limits.requests) {
      refused.inc();
      throw unavailable('all request slots are taken');
    }
    this.count(1);
    try {
      return await work();
    } finally {
      this.count(-1);
    }
  }

  private count(change: number): void {
    this.taken += change;
    requests.set({ state: 'open' }, this.taken);
  }
}
