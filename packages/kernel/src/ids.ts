import { uuidv7 } from 'uuidv7';

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

export type OrganizationId = Branded<string, 'OrganizationId'>;
export type ItemId = Branded<string, 'ItemId'>;
export type RunId = Branded<string, 'RunId'>;
export type ApiKeyId = Branded<string, 'ApiKeyId'>;
/** A model's number, as the public API shows it. PostgreSQL holds it as bigint; it stays below 2^53. */
export type ModelId = Branded<number, 'ModelId'>;

type UuidId = OrganizationId | ItemId | RunId | ApiKeyId;

/** A new time-ordered UUIDv7 (RFC 9562). */
export function newId<T extends UuidId | string = string>(): T {
  return uuidv7() as T;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Checks the textual form of a UUID. */
export function isUuid(value: string): boolean {
  return UUID.test(value);
}

const MODEL_NAME = /^(custom_model_[1-9]\d{0,15})(?:@([1-9]\d{0,8}))?$/;

/** The model in `custom_model_123`, with the version that `custom_model_123@2` pins; null for anything else. */
export function fromModelName(name: string): { id: ModelId; version: number | null } | null {
  const [, key, version] = MODEL_NAME.exec(name) ?? [];
  const id = key === undefined ? null : fromModelKey(key);
  return id === null ? null : { id, version: version === undefined ? null : Number(version) };
}

const MODEL_KEY = /^custom_model_([1-9]\d{0,15})$/;

/** `custom_model_123` for model 123. */
export function toModelKey(id: ModelId): string {
  return `custom_model_${String(id)}`;
}

/** The model number in `custom_model_123`; null for anything else. */
export function fromModelKey(key: string): ModelId | null {
  const digits = MODEL_KEY.exec(key)?.[1];
  if (digits === undefined) return null;
  const id = Number(digits);
  return Number.isSafeInteger(id) ? (id as ModelId) : null;
}
