import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/engine/index.ts';
import { encodeModel } from '../../../src/model/index.ts';
import { float32, int64, type Tensors } from '../../../src/model/tensor.ts';
import { numbers } from '../../support/compare.ts';
import type { Bench } from '../contract.ts';
import { linear, linearAnswer, linearFeed, single } from './graphs.ts';

export function boundaries(bench: Bench): void {
  describe('mistakes of the caller', () => {
    const wrong: Readonly<Record<string, () => Tensors>> = {
      'a missing input': () => ({}),
      'an unknown input': () => ({ x: linearFeed(), z: linearFeed() }),
      'a wrong dimension': () => ({ x: float32(new Float32Array(8), [2, 4]) }),
      'a wrong rank': () => ({ x: float32(new Float32Array(6), [6]) }),
      'a wrong type': () => ({ x: int64([1, 2, 3, 4, 5, 6], [2, 3]) }),
      'too little data': () => ({ x: float32(new Float32Array(5), [2, 3]) }),
      'too much data': () => ({ x: float32(new Float32Array(7), [2, 3]) }),
      'data of another type than declared': () => ({
        x: { dtype: 'float32', shape: [2, 3], data: new Float64Array(6) },
      }),
      'a negative dimension': () => ({ x: { dtype: 'float32', shape: [-2, -3], data: new Float32Array(6) } }),
      'a fractional dimension': () => ({ x: { dtype: 'float32', shape: [1.5, 3], data: new Float32Array(4) } }),
    };

    for (const [what, feeds] of Object.entries(wrong)) {
      it(`${what} is ENGINE_RUN, and the session lives on`, async () => {
        for (const rows of [2, 'batch'] as const) {
          const session = await bench.shared().load(linear(rows));
          const call = session.run(feeds());
          await expect(call).rejects.toMatchObject({ name: 'CutlineError', code: 'ENGINE_RUN' });
          await stillWorks(session);
        }
      });
    }

    it('names the input that is wrong', async () => {
      const session = await bench.shared().load(linear());
      await expect(session.run({})).rejects.toThrow(/\bx\b/);
    });

    it('an output that does not exist is ENGINE_RUN, and named', async () => {
      const session = await bench.shared().load(linear());
      const call = session.run({ x: linearFeed() }, { outputs: ['nowhere'] });
      await expect(call).rejects.toMatchObject({ code: 'ENGINE_RUN', message: expect.stringContaining('nowhere') });
      await stillWorks(session);
    });

    it('a fault inside a node is ENGINE_RUN, and the session lives on', async () => {
      const session = await bench.shared().load(single('Add', 'float32', ['n'], 2));
      const mismatched = session.run({ in0: float32([1, 2], [2]), in1: float32([1, 2, 3], [3]) });
      await expect(mismatched).rejects.toMatchObject({ code: 'ENGINE_RUN' });
      const { out } = await session.run({ in0: float32([1, 2], [2]), in1: float32([3, 4], [2]) });
      expect(numbers(out!)).toEqual([4, 6]);
    });
  });

  describe('broken models', () => {
    it('refuses empty bytes', async () => {
      await expect(bench.shared().load(new Uint8Array(0))).rejects.toMatchObject({ code: 'ENGINE_LOAD' });
    });

    it('refuses bytes that are no model', async () => {
      const noise = Uint8Array.from({ length: 500 }, (_, i) => (i * 37 + 11) % 256);
      await expect(bench.shared().load(noise)).rejects.toMatchObject({ code: 'ENGINE_LOAD' });
    });

    it('refuses an operator that does not exist', async () => {
      const call = bench.shared().load(single('Frobnicate', 'float32', [2], 1));
      await expect(call).rejects.toMatchObject({ code: 'ENGINE_LOAD', message: expect.stringContaining('Frobnicate') });
    });

    it('refuses a graph that reads a tensor nobody makes', async () => {
      const graph = linear();
      const [node] = graph.nodes;
      const call = bench.shared().load({ ...graph, nodes: [{ ...node!, inputs: ['x', 'missing'] }] });
      await expect(call).rejects.toMatchObject({ code: 'ENGINE_LOAD' });
    });

    it('survives a model cut short or changed anywhere: it loads or says ENGINE_LOAD', async () => {
      const bytes = encodeModel(linear());
      const damage = fc.oneof(
        fc.integer({ min: 0, max: bytes.length - 1 }).map((n) => bytes.slice(0, n)),
        fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
          const changed = bytes.slice();
          changed[at]! ^= flip;
          return changed;
        }),
      );
      await fc.assert(
        fc.asyncProperty(damage, async (broken) => {
          try {
            await (await bench.shared().load(broken)).close();
          } catch (error) {
            expect(error).toMatchObject({ name: 'CutlineError', code: 'ENGINE_LOAD' });
          }
        }),
        { numRuns: 150, seed: 20 },
      );
      await stillWorks(await bench.shared().load(linear()));
    });
  });
}

async function stillWorks(session: Session): Promise<void> {
  expect(numbers((await session.run({ x: linearFeed() })).y!)).toEqual(linearAnswer);
}
