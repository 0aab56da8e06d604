import { defineConsumer, defineWorker, type ConsumerDefinition, type Handlers } from './define';
import { checkConsumers } from './messaging';
import { derivedId } from './outbox';

const handler = (): Promise<void> => Promise.resolve();
const consumer = (name: string, handlers: Handlers): ConsumerDefinition => defineConsumer({ name, handlers });

describe('boot', () => {
  it('accepts consumers that share no event and no name', () => {
    const worker = defineWorker({
      name: 'slow',
      event: 'models.data-uploaded.v1',
      handle: () => Promise.resolve(handler),
    });
    expect(() => checkConsumers([worker, consumer('quick', { 'models.model-deleted.v1': handler })])).not.toThrow();
  });

  it('fails on two handlers for one event, two consumers of one name, and an event that the catalogue lacks', () => {
    const one = consumer('one', { 'models.model-deleted.v1': handler });
    const two = consumer('two', { 'models.model-deleted.v1': handler });
    expect(() => checkConsumers([one, two])).toThrow('handled by both one and two');
    expect(() => checkConsumers([one, { ...two, name: 'one' }])).toThrow('two consumers named one');
    expect(() => checkConsumers([consumer('odd', { 'models.model-sold.v1': handler } as Handlers)])).toThrow(
      'not in the catalogue',
    );
    expect(() => checkConsumers([consumer('none', {})])).toThrow('handles no event');
    expect(() => checkConsumers([consumer('a.b', { 'models.model-deleted.v1': handler })])).toThrow(
      "not a consumer's name",
    );
  });
});

describe('derivedId', () => {
  it('is a UUID that is the same for the same parts and another for others', () => {
    expect(derivedId('a', 'b')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(derivedId('a', 'b')).toBe(derivedId('a', 'b'));
    expect(derivedId('a', 'b')).not.toBe(derivedId('ab'));
  });
});
