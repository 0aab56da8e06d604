import type { PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { toFieldReasons } from '@attune/http';
import { AppError } from '@attune/kernel';

/** Checks a body against its schema. */
export class ZodBody<T> implements PipeTransform<unknown, T> {
  constructor(private readonly schema: z.ZodType<T, z.ZodTypeDef, unknown>) {}

  transform(body: unknown): T {
    const parsed = this.schema.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new AppError('VALIDATION_ERROR', 'The request is not valid', { details: toFieldReasons(parsed.error) });
  }
}
