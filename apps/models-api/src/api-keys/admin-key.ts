import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AdminAuthenticator, bearerOf } from '@attune/http';
import { AppError } from '@attune/kernel';
import { invalidApiKey } from './api-key.errors';

/** The operators' key from the environment; null where this instance has no operators' routes. */
export const ADMIN_KEY = Symbol('attune:admin-key');

/** Compares digests: neither the length nor the place of the first wrong character shows in the time that it takes. */
@Injectable()
export class AdminKeyAuthenticator extends AdminAuthenticator {
  private readonly digest: Buffer | null;

  constructor(@Inject(ADMIN_KEY) key: string | null) {
    super();
    this.digest = key === null ? null : digestOf(key);
  }

  authenticate(header: string | undefined): void {
    if (this.digest === null) throw new AppError('NOT_FOUND', 'There is nothing at this address');
    if (!timingSafeEqual(digestOf(bearerOf(header)), this.digest)) throw invalidApiKey();
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
