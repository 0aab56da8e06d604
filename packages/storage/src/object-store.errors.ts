import { AppError } from '@attune/kernel';

/** No object under this key. Internal: a key is ours, so a missing one is never the client's mistake. */
export class ObjectNotFound extends AppError {
  constructor(
    readonly key: string,
    cause?: unknown,
  ) {
    super('INTERNAL_ERROR', 'Internal error', { internal: `no object at ${key}`, cause });
    this.name = 'ObjectNotFound';
  }
}

/** A write-once put found an object under its key. */
export class ObjectAlreadyExists extends AppError {
  constructor(
    readonly key: string,
    cause?: unknown,
  ) {
    super('INTERNAL_ERROR', 'Internal error', { internal: `an object is already at ${key}`, cause });
    this.name = 'ObjectAlreadyExists';
  }
}

/** The bytes that came are not those that were announced. */
export class ObjectDigestMismatch extends AppError {
  constructor(
    readonly key: string,
    expected: string,
    actual: string,
  ) {
    super('INTERNAL_ERROR', 'Internal error', { internal: `${key} should be ${expected}, but what came is ${actual}` });
    this.name = 'ObjectDigestMismatch';
  }
}

/** Not a key or prefix that keys.ts could have built. */
export class InvalidObjectKey extends AppError {
  constructor(key: string) {
    super('INTERNAL_ERROR', 'Internal error', { internal: `not an object key: ${JSON.stringify(key)}` });
    this.name = 'InvalidObjectKey';
  }
}
