import { AppError } from '@attune/kernel';

export const webhookNotFound = (): AppError => new AppError('NOT_FOUND', 'Webhook not found');
export const deliveryNotFound = (): AppError => new AppError('NOT_FOUND', 'Delivery not found');

export const invalidWebhookUrl = (reason: string): AppError =>
  new AppError('VALIDATION_ERROR', 'The webhook is not valid', { details: { url: reason } });

export const tooManyWebhooks = (limit: number): AppError =>
  new AppError('VALIDATION_ERROR', `An organization may have ${String(limit)} webhooks; delete one first`, {
    details: { webhooks: `at most ${String(limit)}` },
  });
