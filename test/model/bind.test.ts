/** Networks for pictures of any size, as PaddleOCR and many exporters write them. */
import { describe, expect, it } from 'vitest';
import {
  bindAllButBatch,
  bindBatch,
  bindDimensions,
  type Dim,
  type Graph,
  GraphBuilder,
  parseShapes,
  requireBound,
} from '../../src/model/index.ts';

function network(shape: readonly Dim[]): Graph {
  const b = new GraphBuilder();
  b.input('x', 'float32', shape);
  b.op('Relu', ['x'], {}, 'y');
  b.output('y', 'float32', shape);
  return b.build();
}

const shapes = (graph: Graph) => [graph.inputs[0]!.shape, graph.outputs[0]!.shape];

describe('binding a network to the pictures of its card', () => {
  it('fixes height and width everywhere, and leaves the batch free', () => {
    const bound = bindAllButBatch(network(['n', 3, 'h', 'w']), [1, 3, 48, 192]);
    expect(shapes(bound)).toEqual([
      ['n', 3, 48, 192],
      ['n', 3, 48, 192],
    ]);
  });

  it('fixes dimensions without a name', () => {
    expect(bindAllButBatch(network(['', 3, '', '']), [1, 3, 8, 8]).inputs[0]!.shape).toEqual(['', 3, 8, 8]);
  });

  it('leaves sizes that are fixed, whatever the card says: the audit names the difference', () => {
    expect(bindAllButBatch(network([1, 3, 32, 32]), [1, 3, 8, 8]).inputs[0]!.shape).toEqual([1, 3, 32, 32]);
  });

  it('decides nothing where one name stands for two sizes, for the batch too, or the rank differs', () => {
    for (const shape of [
      ['n', 3, 's', 's'],
      ['n', 3, 'n', 8],
      ['n', 'pixels'],
    ] as const) {
      expect(bindAllButBatch(network(shape), [1, 3, 8, 9]).inputs[0]!.shape).toEqual(shape);
    }
  });

  it('takes one name for a square', () => {
    expect(bindAllButBatch(network(['n', 3, 's', 's']), [1, 3, 8, 8]).inputs[0]!.shape).toEqual(['n', 3, 8, 8]);
  });
});

describe('binding by the shapes of inputs', () => {
  /** A graph that only has inputs: x, y, z. */
  const inputs = (...dims: (readonly Dim[])[]): Graph => {
    const b = new GraphBuilder();
    for (const [i, shape] of dims.entries()) b.input('xyz'[i]!, 'float32', shape);
    b.output(b.op('Relu', ['x'], {}, 'r'));
    return b.build();
  };
  const bound = (graph: Graph, ...texts: string[]) =>
    bindDimensions(graph, parseShapes(texts, graph)).inputs.map((v) => v.shape);

  it('takes a length of zero', () => {
    expect(bound(inputs([1, 'past', 8]), '1,0,8')).toEqual([[1, 0, 8]]);
    expect(() => bound(inputs([1, 'past', 8]), '1,-1,8')).toThrowError(/write it as/);
    expect(() => bound(inputs([1, 'past', 8]), '1,00,8')).toThrowError(/write it as/);
  });

  it('gives what is arithmetic its number, and finds names through it', () => {
    const attention = inputs(['batch', 'seq'], ['batch', 4, 'past', 8], ['batch', 'past + seq']);
    expect(bound(attention, 'x=2,5', 'y=2,4,3,8')).toEqual([
      [2, 5],
      [2, 4, 3, 8],
      [2, 8],
    ]);
    expect(bound(attention, 'z=2,8', 'x=2,5')[1]).toEqual([2, 4, 3, 8]);
    expect(bound(inputs(['batch', 4], ['2*batch', 5]), 'y=6,5')).toEqual([
      [3, 4],
      [6, 5],
    ]);
  });

  it('names what does not fit', () => {
    const pair = inputs(['batch', 4], ['2*batch', 5]);
    expect(() => bound(pair, 'x=2,4', 'y=3,5')).toThrowError(
      /Shape 3,5 for input y .* dimension 2\*batch is 4 elsewhere/,
    );
    expect(() => bound(pair, 'y=3,5')).toThrowError(/dimension 2\*batch cannot be 3/);
    expect(() => bound(pair, 'x=2,5')).toThrowError(/dimension 1 is fixed to 4/);
    expect(() => bound(pair, 'w=2,5')).toThrowError(/no input w/);
  });

  it('keeps placeholders apart, and one name together', () => {
    expect(bound(inputs(['', ''], ['n', 'n']), 'x=2,3')).toEqual([
      [2, 3],
      ['n', 'n'],
    ]);
    expect(() => bound(inputs(['n', 'n']), 'x=2,3')).toThrowError(/dimension n is 2 elsewhere/);
  });

  it('gives every batch one number, and the rest waits', () => {
    const graph = bindBatch(inputs(['image', 3], ['', 4], ['2*text', 'h']), 3);
    expect(graph.inputs.map((v) => v.shape)).toEqual([
      [3, 3],
      [3, 4],
      [6, 'h'],
    ]);
    expect(() => requireBound(graph)).toThrowError(/Dimension h of input z is not fixed. Pass --shape "z=6,<h>"/);
  });
});
