import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { compose, findCuts, GraphBuilder, inferShapes, resolveCut, scalar, split } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { difference, numbers } from '../support/compare.ts';
import { networks, randomTensor } from '../support/networks.ts';
import { runGraph } from './support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

describe('composing', () => {
  it.each(['residual', 'conditional', 'transformer'] as const)(
    'a %s network from head and tail gives the whole again',
    async (name) => {
      const whole = await inferShapes(networks[name].build({ batch: 2 }), engine);
      const cuts = findCuts(whole);
      const cut = cuts[Math.floor(cuts.length / 2)]!;
      const { head, tail } = split(whole, cut);
      const again = compose(head, tail);
      const feeds = { input: randomTensor(whole.inputs[0]!.shape as number[], createRandom(3)) };
      const [a, b] = [await runGraph(engine, whole, feeds), await runGraph(engine, again, feeds)];
      expect(difference(numbers(b.output!), numbers(a.output!))).toBe(0);
    },
  );

  it('renames what both graphs use, tensors, weights and nodes, and knows every shape', async () => {
    const part = (factor: number, input: string, output: string) => {
      const b = new GraphBuilder(17);
      b.input(input, 'float32', [2, 3]);
      const own = b.op('Mul', [input, b.initializer(scalar(factor), 'factor')], {}, 'inner');
      b.output(b.op('Neg', [own], {}, output), 'float32', [2, 3]);
      return inferShapes(b.build(), engine);
    };
    const both = compose(await part(2, 'x', 'y'), await part(5, 'y', 'x'));
    expect(both.inputs.map((v) => v.name)).toEqual(['x']);
    const [output] = both.outputs;
    expect(output!.name).not.toBe('x');
    expect(new Set(both.nodes.map((n) => n.name)).size).toBe(4);
    for (const n of both.nodes) {
      const info = [...both.values.values(), ...both.outputs].find((v) => v.name === n.outputs[0]);
      expect(info?.shape).toEqual([2, 3]);
    }
    const x = randomTensor([2, 3], createRandom(1));
    const answer = await runGraph(engine, both, { x });
    expect(numbers(answer[output!.name]!)).toEqual(numbers(x).map((v) => Math.fround(10 * v)));
  });

  it('passes on a tensor of the cut that is an answer as well', async () => {
    const b = new GraphBuilder(17);
    b.input('x', 'float32', [2]);
    b.op('Neg', ['x'], {}, 'middle');
    b.op('Exp', ['middle'], {}, 'end');
    b.output('middle', 'float32', [2]);
    b.output('end', 'float32', [2]);
    const whole = await inferShapes(b.build(), engine);
    const { head, tail } = split(whole, resolveCut(findCuts(whole), 'middle'));
    expect(compose(head, tail).outputs.map((v) => v.name)).toEqual(['middle', 'end']);
  });

  it('refuses graphs that do not fit together', async () => {
    const { head, tail } = split(await inferShapes(networks.residual.build({ batch: 1 }), engine), {
      tensors: [{ name: 'relu0' }],
    });
    expect(() => compose(tail, head)).toThrow(RangeError);
    expect(() => compose({ ...head, opsets: new Map([['', 11]]) }, tail)).toThrow(/opset/);
  });
});
