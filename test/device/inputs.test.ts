import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { preprocess } from '../../src/data/index.ts';
import { inputReader } from '../../src/device/inputs.ts';

describe('inputs of the network', () => {
  it.each([
    ['small', 28, 'NCHW'],
    ['large, in a thread', 320, 'NCHW'],
    ['large, colours last', 320, 'NHWC'],
  ] as const)('are the same wherever they are made: %s', async (_, side, layout) => {
    const size = { channels: 3 as const, height: side, width: side };
    const preprocessing = { ...size, layout, mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] };
    const pixels = { ...size, count: 1, data: randomBytes(3 * side * side) };
    const reader = inputReader(preprocessing);
    try {
      const here = preprocess(pixels, preprocessing);
      // Several at once, as lanes ask.
      for (const input of await Promise.all([reader.read(pixels), reader.read(pixels)])) expect(input).toEqual(here);
    } finally {
      await reader.close();
    }
  });
});
