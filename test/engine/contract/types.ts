import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../../src/model/index.ts';
import { float32, int64 } from '../../../src/model/tensor.ts';
import { numbers } from '../../support/compare.ts';
import { toHalf } from '../../support/reference/index.ts';
import type { Bench, ContractOptions } from '../contract.ts';
import { linear, linearAnswer, linearFeed, single } from './graphs.ts';

export function types(bench: Bench, { withoutTypes = {} }: ContractOptions): void {
  const narrow = withoutTypes['wide int64'];
  const single64 = withoutTypes.float64;
  describe('tensors in and out', () => {
    it('runs a graph value', async () => {
      const session = await bench.shared().load(linear());
      const { y } = await session.run({ x: linearFeed() });
      expect(y).toMatchObject({ dtype: 'float32', shape: [2, 2] });
      expect(numbers(y!)).toEqual(linearAnswer);
    });

    it('runs the bytes of a model, and leaves them to the caller', async () => {
      const bytes = encodeModel(linear());
      const copy = bytes.slice();
      for (const _ of [1, 2]) {
        const session = await bench.shared().load(bytes);
        expect(numbers((await session.run({ x: linearFeed() })).y!)).toEqual(linearAnswer);
      }
      expect(bytes).toEqual(copy);
    });

    it('runs bytes that are a view into a larger buffer', async () => {
      const bytes = encodeModel(linear());
      const larger = new Uint8Array(bytes.length + 64).fill(0xff);
      larger.set(bytes, 32);
      const session = await bench.shared().load(larger.subarray(32, 32 + bytes.length));
      expect(numbers((await session.run({ x: linearFeed() })).y!)).toEqual(linearAnswer);
    });

    it('takes and returns int64', async () => {
      const session = await bench.shared().load(single('Add', 'int64', [2]));
      const { out } = await session.run({ in0: int64([2 ** 30, -3]), in1: int64([1, 1]) });
      expect(out).toMatchObject({ dtype: 'int64', shape: [2], data: BigInt64Array.of(2n ** 30n + 1n, -2n) });
    });

    it.skipIf(narrow)(`keeps all 64 bits of int64${narrow ? ` (${narrow})` : ''}`, async () => {
      const session = await bench.shared().load(single('Add', 'int64', [2]));
      const big = { dtype: 'int64', shape: [2], data: BigInt64Array.of(2n ** 60n, -3n) } as const;
      const { out } = await session.run({ in0: big, in1: int64([1, 1]) });
      expect(out).toMatchObject({ dtype: 'int64', shape: [2] });
      expect(Array.from(out!.data as BigInt64Array)).toEqual([2n ** 60n + 1n, -2n]);
    });

    it('takes and returns bool', async () => {
      const session = await bench.shared().load(single('And', 'bool', [3]));
      const bool = (...data: number[]) => ({ dtype: 'bool', shape: [3], data: Uint8Array.from(data) }) as const;
      const { out } = await session.run({ in0: bool(1, 1, 0), in1: bool(1, 0, 1) });
      expect(out).toMatchObject({ dtype: 'bool', shape: [3] });
      expect(numbers(out!)).toEqual([1, 0, 0]);
    });

    it('takes and returns float16 as bit patterns', async () => {
      const session = await bench.shared().load(single('Neg', 'float16', [3], 1));
      const data = Uint16Array.from([1.5, -2, 0.25], toHalf);
      const { out } = await session.run({ in0: { dtype: 'float16', shape: [3], data } });
      expect(out).toMatchObject({ dtype: 'float16', shape: [3] });
      expect(out!.data).toBeInstanceOf(Uint16Array);
      expect(numbers(out!)).toEqual([-1.5, 2, -0.25]);
    });

    it('takes and returns uint8', async () => {
      const bytes = await bench.shared().load(single('Identity', 'uint8', [2], 1));
      const { out } = await bytes.run({ in0: { dtype: 'uint8', shape: [2], data: Uint8Array.of(0, 255) } });
      expect(out).toMatchObject({ dtype: 'uint8', shape: [2], data: Uint8Array.of(0, 255) });
    });

    it.skipIf(single64)(`takes and returns float64${single64 ? ` (${single64})` : ''}`, async () => {
      const doubles = await bench.shared().load(single('Add', 'float64', [1]));
      const third = { dtype: 'float64', shape: [1], data: Float64Array.of(1 / 3) } as const;
      expect((await doubles.run({ in0: third, in1: third })).out!.data).toEqual(Float64Array.of(2 / 3));
    });

    it('takes scalars and empty tensors', async () => {
      const scalars = await bench.shared().load(single('Add', 'float32', []));
      const { out } = await scalars.run({ in0: float32([2], []), in1: float32([3], []) });
      expect(out).toMatchObject({ shape: [], data: Float32Array.of(5) });
      const empty = await bench.shared().load(single('Neg', 'float32', ['n', 3], 1));
      const nothing = await empty.run({ in0: float32([], [0, 3]) });
      expect(nothing.out).toMatchObject({ shape: [0, 3], data: new Float32Array(0) });
    });

    it('takes data that is a view into a larger buffer', async () => {
      const session = await bench.shared().load(linear());
      const larger = Float32Array.of(9, 9, 1, 0, 0, 0, 1, 0, 9);
      const { y } = await session.run({ x: float32(larger.subarray(2, 8), [2, 3]) });
      expect(numbers(y!)).toEqual(linearAnswer);
    });

    it('leaves the feeds to the caller, unchanged and usable', async () => {
      const session = await bench.shared().load(linear());
      const x = linearFeed();
      const before = (x.data as Float32Array).slice();
      for (const _ of [1, 2, 3]) expect(numbers((await session.run({ x })).y!)).toEqual(linearAnswer);
      expect(x.data).toEqual(before);
    });

    it('does not let a later change of a feed reach an output already returned', async () => {
      const session = await bench.shared().load(single('Identity', 'float32', [2], 1));
      const in0 = float32([1, 2], [2]);
      const { out } = await session.run({ in0 });
      (in0.data as Float32Array).fill(7);
      expect(numbers(out!)).toEqual([1, 2]);
    });

    it('returns the outputs asked for and no others', async () => {
      const session = await bench.shared().load(linear());
      expect(Object.keys(await session.run({ x: linearFeed() }, { outputs: ['y'] }))).toEqual(['y']);
    });

    it('tells inputs and outputs with their types and shapes, symbolic dimensions by name', async () => {
      const session = await bench.shared().load(linear('batch'));
      expect(session.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['batch', 3] }]);
      expect(session.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: ['batch', 2] }]);
      const ints = await bench.shared().load(single('Equal', 'int64', [4], 2, 'bool'));
      expect(ints.inputs.map((v) => v.dtype)).toEqual(['int64', 'int64']);
      expect(ints.outputs).toEqual([{ name: 'out', dtype: 'bool', shape: [4] }]);
    });

    it('runs any size along a symbolic dimension', async () => {
      const session = await bench.shared().load(linear('batch'));
      for (const n of [1, 5, 2]) {
        const { y } = await session.run({ x: float32(new Float32Array(3 * n).fill(1), [n, 3]) });
        expect(y!.shape).toEqual([n, 2]);
        expect(numbers(y!).slice(0, 2)).toEqual([9, 12]);
      }
    });
  });
}
