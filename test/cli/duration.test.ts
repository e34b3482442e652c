import { describe, expect, it } from 'vitest';
import { rangeText, secondsOf, spanText, timeLeft } from '../../src/cli/duration.ts';

describe('a time as an option takes it', () => {
  it.each([
    ['90s', 90],
    ['20m', 1200],
    ['1.5h', 5400],
    ['2d', 172_800],
  ])('%s', (text, seconds) => expect(secondsOf('--budget', text)).toBe(seconds));

  it.each(['20', '20 minutes', 'm', '-5m', '0s', '1e3s', ''])('is not %j', (text) => {
    expect(() => secondsOf('--budget', text)).toThrow(/--budget .*such as 90s, 20m, 1\.5h or 2d/);
  });
});

it.each([
  [0.2, '1 s'],
  [59, '59 s'],
  [61, '1 min'],
  [3599, '1 h'],
  [7500, '2 h 5 min'],
])('%d seconds are %s', (seconds, text) => expect(spanText(seconds)).toBe(text));

it.each([
  [{ low: 340, high: 850 }, '6 to 14 min'],
  [{ low: 40, high: 100 }, '40 s to 2 min'],
  [{ low: 100, high: 110 }, 'about 2 min'],
  [{ low: 3000, high: 4000 }, '50 min to 1 h 7 min'],
])('%j is said as %s', (span, text) => expect(rangeText(span)).toBe(text));

describe('the time that is left', () => {
  const expected = { low: 100, high: 200 };
  it('is what was expected while nothing is seen', () => {
    expect(timeLeft(0, 5, expected)).toEqual(expected);
    expect(timeLeft(0, 5)).toBeUndefined();
  });
  it('is what is seen once enough is done', () => {
    const left = timeLeft(0.5, 600, expected)!;
    expect(left.low).toBeLessThan(600);
    expect(left.high).toBeGreaterThan(600);
    expect(timeLeft(0.5, 600)).toEqual(left);
  });
  it('goes from the one to the other', () => {
    const left = timeLeft(0.05, 50, expected)!;
    expect(left.high).toBeGreaterThan(0.95 * 200);
    expect(left.high).toBeLessThan(1.3 * 950);
  });
  it('is none at the end', () => expect(timeLeft(1, 600, expected)).toEqual({ low: 0, high: 0 }));
});
