/** Heads whose gradient would be zero, all of it or for one of their tensors, are refused by the name of the node where it ends. */
import { describe, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { type AttributeLike, type DType, float32, type Graph, GraphBuilder, scalar } from '../../src/model/index.ts';
import type { Tensor } from '../../src/model/tensor.ts';

const shape = [2, 3] as const;

/** Types of what is written, by name; float32 where nothing is said. */
type Types = Readonly<Record<string, DType>>;

function head(write: (b: GraphBuilder, x: string) => readonly string[], types: Types = {}): Graph {
  const b = new GraphBuilder(19);
  const outputs = write(b, b.input('x', 'float32', shape));
  const info = (name: string) => ({ name, dtype: types[name] ?? 'float32', shape }) as const;
  const graph = b.build();
  const values = new Map(graph.nodes.flatMap((n) => n.outputs).map((name) => [name, info(name)]));
  return { ...graph, outputs: outputs.map(info), values };
}

const refusedAt = (graph: Graph, node: string, op: string): void =>
  expect(() => vectorJacobianGraph(graph)).toThrow(
    expect.objectContaining({ code: 'NO_GRADIENT_RULE', details: { node, op } }),
  );

const roundings: readonly (readonly [string, Record<string, AttributeLike>, DType])[] = [
  ['Floor', {}, 'float32'],
  ['Ceil', {}, 'float32'],
  ['Round', {}, 'float32'],
  ['Sign', {}, 'float32'],
  ['Hardmax', {}, 'float32'],
  ['ArgMax', {}, 'int64'],
  ['ArgMin', {}, 'int64'],
  ['Cast', { to: 7 }, 'int64'],
  ['Cast', { to: 6 }, 'int32'],
  ['Cast', { to: 3 }, 'int8'],
  ['Cast', { to: 9 }, 'bool'],
  ['IsNaN', {}, 'bool'],
];

describe('a gradient that would be zero', () => {
  it.each(roundings)('is refused: %s %o at the cut', (op, attributes, dtype) => {
    const graph = head((b, x) => [b.op(op, [b.op('Tanh', [x])], attributes, 'flat')], { flat: dtype });
    refusedAt(graph, 'flat', op);
  });

  it.each(roundings)('is refused: %s %o and a cast before the cut', (op, attributes, dtype) => {
    const write = (b: GraphBuilder, x: string) => [b.op('Cast', [b.op(op, [x], attributes, 'flat')], { to: 1 }, 'y')];
    refusedAt(head(write, { flat: dtype }), 'flat', op);
  });

  it.each(roundings)('is refused where one of two tensors of the cut is flat: %s %o', (op, attributes, dtype) => {
    for (const order of [(list: string[]) => list, (list: string[]) => list.reverse()]) {
      const write = (b: GraphBuilder, x: string) =>
        order([b.op('Tanh', [x], {}, 'smooth'), b.op(op, [x], attributes, 'flat')]);
      refusedAt(head(write, { flat: dtype }), 'flat', op);
    }
  });

  it('is refused where values are only quantised, and passes where they are dequantised', () => {
    const zero: Tensor = { dtype: 'uint8', shape: [], data: Uint8Array.of(7) };
    const write = (dequantise: boolean) => (b: GraphBuilder, x: string) => {
      const [scale, none] = [b.initializer(scalar(0.1)), b.initializer(zero)];
      const q = b.op('QuantizeLinear', [x, scale, none], {}, 'q');
      return [dequantise ? b.op('DequantizeLinear', [q, scale, none], {}, 'y') : q];
    };
    refusedAt(head(write(false), { q: 'uint8' }), 'q', 'QuantizeLinear');
    expect(vectorJacobianGraph(head(write(true), { q: 'uint8' })).outputs).toHaveLength(1);
  });

  it('is refused where only the scale of a dynamic quantisation is sent', () => {
    const write = (b: GraphBuilder, x: string) => {
      b.ops('DynamicQuantizeLinear', [x], {}, ['q', 'scale', 'zero']);
      return ['scale'];
    };
    refusedAt(head(write, { q: 'uint8', zero: 'uint8' }), 'q', 'DynamicQuantizeLinear');
  });

  it('is refused where a straight-through estimator was written as x + (round(x) − x): the two cancel', () => {
    for (const op of ['Round', 'Sign']) {
      const write = (b: GraphBuilder, x: string) => [
        b.op('Add', [x, b.op('Sub', [b.op(op, [x], {}, 'flat'), x])], {}, 'y'),
      ];
      refusedAt(head(write), 'flat', op);
    }
  });

  it('is refused where indices are sent, or values that only integers choose', () => {
    const sorted = (b: GraphBuilder, x: string) => {
      b.ops('TopK', [x, b.constant([3], 'int64')], {}, ['values', 'indices']);
      return ['indices'];
    };
    refusedAt(head(sorted, { indices: 'int64' }), 'values', 'TopK');
    const b = new GraphBuilder(19);
    const table = b.initializer(float32([1, 2, 3, 4, 5, 6], [2, 3]));
    b.output(b.op('Gather', [table, b.input('ids', 'int64', [4])], {}, 'rows'), 'float32', [4, 3]);
    refusedAt(b.build(), 'rows', 'Gather');
  });

  it('is refused where a power of an integer is one', () => {
    const write = (b: GraphBuilder, x: string) => {
      const power = b.op('Pow', [b.constant(2, 'int64'), x], {}, 'power');
      return [b.op('Add', [x, b.op('Cast', [power], { to: 1 })], {}, 'y')];
    };
    refusedAt(head(write, { power: 'int64' }), 'power', 'Pow');
  });

  it('is no matter where comparing chooses between values that have one', () => {
    const write = (b: GraphBuilder, x: string) => {
      const positive = b.op('Greater', [x, b.constant(0)], {}, 'positive');
      return [b.op('Where', [positive, x, b.op('Mul', [x, b.constant(0.1)])], {}, 'y')];
    };
    expect(vectorJacobianGraph(head(write, { positive: 'bool' })).outputs).toHaveLength(1);
  });
});
