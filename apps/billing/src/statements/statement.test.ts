import { closedMonth } from './statement';

describe('the month that statements are made of', () => {
  it.each([
    ['2026-04-01T23:59:59.999Z', '2026-02', '2026-03-01T00:00:00.000Z'],
    ['2026-04-02T00:00:00.000Z', '2026-03', '2026-04-01T00:00:00.000Z'],
    ['2026-04-30T12:00:00.000Z', '2026-03', '2026-04-01T00:00:00.000Z'],
    ['2027-01-01T12:00:00.000Z', '2026-11', '2026-12-01T00:00:00.000Z'],
    ['2027-01-02T00:00:00.000Z', '2026-12', '2027-01-01T00:00:00.000Z'],
  ])('is at %s, a day being waited for what is late, %s', (at, month, end) => {
    expect(closedMonth(new Date(at), 24)).toEqual({ month, end: new Date(end) });
  });
});
