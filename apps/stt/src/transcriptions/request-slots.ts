import { Inject, Injectable } from '@nestjs/common';
import { TRANSCRIPTION_LIMITS, type TranscriptionLimits } from './transcription';
import { unavailable } from './transcription.errors';

/** Bounds the requests at once, and with them the disk that their recordings take. One too many is told to come back. */
@Injectable()
export class RequestSlots {
  private taken = 0;

  constructor(@Inject(TRANSCRIPTION_LIMITS) private readonly limits: TranscriptionLimits) {}

  /** Throws SERVICE_UNAVAILABLE when all slots are taken. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.taken >= this.limits.requests) throw unavailable('all request slots are taken');
    this.taken += 1;
    try {
      return await work();
    } finally {
      this.taken -= 1;
    }
  }
}
