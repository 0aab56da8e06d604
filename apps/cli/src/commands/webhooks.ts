import { InvalidArgumentError, type Command } from 'commander';
import { webhookEventTypes, type WebhookEventType } from '@attune/contracts';
import type { AddAction } from '../command';
import { exitCodes } from '../exit-codes';
import { formatTable } from '../format';

interface CreateOptions {
  event?: WebhookEventType[];
  description?: string;
}

function collectEvent(value: string, earlier: WebhookEventType[] = []): WebhookEventType[] {
  const type = webhookEventTypes.find((known) => known === value);
  if (type === undefined) throw new InvalidArgumentError(`it is one of ${webhookEventTypes.join(', ')}.`);
  return [...earlier, type];
}

/** `attune webhooks list|create|delete|ping|deliveries|replay|rotate`. */
export function addWebhooks(program: Command, addAction: AddAction): void {
  const webhooks = program.command('webhooks').description('be told of runs, versions and refused data by HTTP');
  addList(webhooks, addAction);
  addCreate(webhooks, addAction);
  addChanges(webhooks, addAction);
  addDeliveries(webhooks, addAction);
}

function addList(webhooks: Command, addAction: AddAction): void {
  addAction(webhooks.command('list').description('list webhooks, newest first'), async ({ client, terminal }) => {
    const all = await client.webhooks.list();
    const rows = all.map((hook) => [
      hook.id,
      hook.url,
      hook.events.length === 0 ? 'all' : hook.events.join(','),
      hook.enabled ? 'on' : (hook.disabled_reason ?? 'off'),
    ]);
    const head = ['ID', 'URL', 'EVENTS', 'STATE'];
    terminal.result(all, all.length === 0 ? 'no webhooks yet' : formatTable(head, rows));
    return exitCodes.ok;
  });
}

function addCreate(webhooks: Command, addAction: AddAction): void {
  const command = webhooks
    .command('create')
    .description('create a webhook; prints the secret that its deliveries are signed with, once')
    .argument('<url>', 'where to send, HTTPS')
    .option('-e, --event <type>', 'only this event; may be given again', collectEvent)
    .option('-d, --description <text>', 'up to 500 characters');
  addAction<CreateOptions>(command, async ({ client, terminal }, { event, description }, url = '') => {
    const created = await client.webhooks.create({
      url,
      ...(event && { events: event }),
      ...(description !== undefined && { description }),
    });
    terminal.result(created, `created ${created.id}\nsecret: ${created.secret}\n  it is shown only now`);
    return exitCodes.ok;
  });
}

function addChanges(webhooks: Command, addAction: AddAction): void {
  const remove = webhooks.command('delete').description('delete a webhook').argument('<webhook>', 'its id');
  addAction(remove, async ({ client, terminal }, _, id = '') => {
    await client.webhooks.remove(id);
    terminal.result({ id, deleted: true }, `deleted ${id}`);
    return exitCodes.ok;
  });
  const rotate = webhooks
    .command('rotate')
    .description('make a new secret; the old one signs too for a day')
    .argument('<webhook>', 'its id');
  addAction(rotate, async ({ client, terminal }, _, id = '') => {
    const rotated = await client.webhooks.rotateSecret(id);
    const until = `the old one signs too until ${rotated.previous_secret_expires_at}`;
    terminal.result(rotated, `secret: ${rotated.secret}\n  it is shown only now; ${until}`);
    return exitCodes.ok;
  });
  const ping = webhooks.command('ping').description('send a test event').argument('<webhook>', 'its id');
  addAction(ping, async ({ client, terminal }, _, id = '') => {
    const delivery = await client.webhooks.ping(id);
    terminal.result(delivery, `sent ${delivery.message_id}: attune webhooks deliveries ${id}`);
    return exitCodes.ok;
  });
}

function addDeliveries(webhooks: Command, addAction: AddAction): void {
  const log = webhooks
    .command('deliveries')
    .description('list the last deliveries, newest first')
    .argument('<webhook>', 'its id');
  addAction(log, async ({ client, terminal }, _, id = '') => {
    const deliveries = await client.webhooks.deliveries(id);
    const rows = deliveries.map((one) => [
      one.id,
      one.event_type,
      one.state,
      String(one.attempts),
      one.error ?? String(one.response_status ?? ''),
      one.next_attempt_at ?? '',
    ]);
    const head = ['ID', 'EVENT', 'STATE', 'ATTEMPTS', 'ANSWER', 'NEXT'];
    terminal.result(deliveries, deliveries.length === 0 ? 'nothing was sent yet' : formatTable(head, rows));
    return exitCodes.ok;
  });
  const replay = webhooks
    .command('replay')
    .description('send a delivery again')
    .argument('<webhook>', 'its id')
    .argument('<delivery>', 'its id');
  addAction(replay, async ({ client, terminal }, _, id = '', deliveryId = '') => {
    const delivery = await client.webhooks.replay(id, deliveryId);
    terminal.result(delivery, `sending ${delivery.message_id} again`);
    return exitCodes.ok;
  });
}
