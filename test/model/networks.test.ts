import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { asFloat32 } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { networks, randomTensor } from '../support/networks.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

test.each(Object.entries(networks))(
  'the generated network %s runs, at batch 1 and with a symbolic batch',
  async (_, { build, input }) => {
    for (const [batch, n] of [
      [1, 1],
      ['batch', 3],
    ] as const) {
      const session = await engine.load(build({ batch }));
      const results = await session.run({ input: randomTensor([n, ...input], createRandom(7)) });
      const [output] = Object.values(results);
      expect(output?.shape).toEqual([n, 10]);
      expect(asFloat32(output).every(Number.isFinite)).toBe(true);
      await session.close();
    }
  },
);
