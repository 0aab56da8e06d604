import { prefersPlainText } from './plain-text-log.interceptor';

describe('a log is plain text', () => {
  it.each([
    ['text/plain', true],
    ['text/plain; charset=utf-8', true],
    ['TEXT/PLAIN, application/json', true],
    ['application/json, text/plain', false],
    ['*/*', false],
    [undefined, false],
    ['text/html', false],
  ])('for Accept: %s: %s', (accept, expected) => {
    expect(prefersPlainText(accept)).toBe(expected);
  });
});
