import { expect, it } from 'vitest';
import { fullChunks } from '../src/full-chunks.ts';

it.each([
  [1, 1],
  [7, 7],
  [7, 3],
  [6, 3],
  [10, 4],
])('%i rows in chunks of %i: each once, and every chunk full', (count, size) => {
  const rows = fullChunks(count, size).flatMap(({ first, again }) => {
    expect(first).toBeGreaterThanOrEqual(0);
    expect(first + size).toBeLessThanOrEqual(count);
    return Array.from({ length: size - again }, (_, i) => first + again + i);
  });
  expect(rows).toEqual(Array.from({ length: count }, (_, i) => i));
});

it('refuses chunks that cannot be full', () => {
  expect(fullChunks(0, 0)).toEqual([]);
  expect(() => fullChunks(2, 3)).toThrow(RangeError);
  expect(() => fullChunks(2, 0)).toThrow(RangeError);
});
