import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { useLeanAsyncResource } from './lean-async-resource';

describe('a lean AsyncResource.bind', () => {
  const original = Object.getOwnPropertyDescriptor(AsyncResource, 'bind') ?? {};
  beforeEach(useLeanAsyncResource);
  afterEach(() => {
    Object.defineProperty(AsyncResource, 'bind', original);
  });

  it('calls the function in the context in which it was bound, with its arguments and this', () => {
    const storage = new AsyncLocalStorage<string>();
    const bound = storage.run('inside', () =>
      AsyncResource.bind(function (this: unknown, a: number, b: number): unknown[] {
        return [storage.getStore(), this, a + b];
      }),
    );
    expect(storage.run('outside', (): unknown => bound.call('me', 1, 2))).toEqual(['inside', 'me', 3]);
  });

  it('takes a this of its own, and lets errors through', () => {
    const self = { name: 'bound' };
    const named = AsyncResource.bind(
      function (this: typeof self) {
        return this.name;
      },
      'named',
      self,
    );
    expect(named.call({ name: 'other' })).toBe('bound');
    expect(() => {
      AsyncResource.bind(() => {
        throw new Error('mine');
      })();
    }).toThrow('mine');
  });
});
