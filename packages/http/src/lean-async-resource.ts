import { AsyncResource } from 'node:async_hooks';

/**
 * Replaces Node's `AsyncResource.bind`, which Nest calls for every interceptor of every request. Node 20 gives each bound function
 * a deprecated property `asyncResource` (DEP0172), and the making of that leaves hidden classes behind that hold on to the function
 * until a full garbage collection: with it the whole request. This one has no such property and is otherwise the same.
 */
export function useLeanAsyncResource(): void {
  AsyncResource.bind = bind as typeof AsyncResource.bind;
}

function bind<T, A extends unknown[], R>(
  fn: (this: T, ...args: A) => R,
  type?: string,
  thisArg?: T,
): (this: T, ...args: A) => R {
  const resource = new AsyncResource(type ?? (fn.name || 'bound-anonymous-fn'));
  return function (this: T, ...args: A): R {
    return resource.runInAsyncScope(fn, thisArg ?? this, ...args);
  };
}
