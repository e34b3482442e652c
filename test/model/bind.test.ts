/** Networks for pictures of any size, as PaddleOCR and many exporters write them. */
import { describe, expect, it } from 'vitest';
import { bindAllButBatch, type Dim, type Graph, GraphBuilder } from '../../src/model/index.ts';

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
