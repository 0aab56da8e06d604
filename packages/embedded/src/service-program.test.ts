import { serviceArguments } from './service-program';

it.each([
  [1, 1],
  [2, 1],
  [4, 3],
  [64, 4],
])('a service on a host of %d cores collects garbage with %d helpers', (cores, helpers) => {
  expect(serviceArguments('main.js', cores)).toEqual([`--v8-pool-size=${String(helpers)}`, 'main.js']);
});
