import { describe, expect, it } from 'vitest';
import { float32, GraphBuilder } from '../../../src/model/index.ts';
import { numbers } from '../../support/compare.ts';
import type { Bench } from '../contract.ts';

/** Legal in ONNX, and each has tripped somebody: object prototypes, paths, blanks, other scripts. */
const names = ['__proto__', 'constructor', 'toString', 'a b/c.d:0', 'ключ "ü"', '0'];

/** in → Neg → out, beside a second output that nobody asks for. */
function negation(input: string, output: string) {
  const b = new GraphBuilder();
  b.input(input, 'float32', [2]);
  b.op('Neg', [input], {}, output);
  b.output(output, 'float32', [2]);
  b.output(b.op('Abs', [input], {}, 'valueOf'), 'float32', [2]);
  return b.build();
}

export function anyNames(bench: Bench): void {
  describe('names', () => {
    it.each(names)('takes an input called %s', async (name) => {
      const session = await bench.shared().load(negation(name, 'y'));
      const feeds = Object.fromEntries([[name, float32([1, -2], [2])]]);
      expect(numbers((await session.run(feeds, { outputs: ['y'] })).y!)).toEqual([-1, 2]);
      await expect(session.run({})).rejects.toMatchObject({
        code: 'ENGINE_RUN',
        message: expect.stringContaining(name),
      });
    });

    it.each(names)('returns an output called %s', async (name) => {
      const session = await bench.shared().load(negation('x', name));
      const results = new Map(Object.entries(await session.run({ x: float32([1, -2], [2]) })));
      expect([...results.keys()].sort()).toEqual([name, 'valueOf'].sort());
      expect(numbers(results.get(name)!)).toEqual([-1, 2]);
    });

    it.each(names)('carries an output called %s back into an input', async (name) => {
      const session = await bench.shared().load(negation('x', name));
      const carry = Object.fromEntries([[name, 'x']]);
      const results = await session.loop({ x: float32([1, -2], [2]) }, { steps: 2, carry, outputs: [name] });
      expect(Object.entries(results).map(([n, t]) => [n, numbers(t)])).toEqual([[name, [1, -2]]]);
    });
  });
}
