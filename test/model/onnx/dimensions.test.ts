import { describe, expect, it } from 'vitest';
import { encodeModel, parseModel } from '../../../src/model/index.ts';
import { node, onnxFile, tensorType, value } from '../../support/onnx.ts';

/** The dimensions of the input, as they are read. */
function read(dims: readonly (number | string | undefined)[]) {
  const file = onnxFile({
    input: [value('x', tensorType('float32', dims))],
    output: [value('y', tensorType('float32', dims))],
    node: [node('Relu', ['x'], ['y'])],
  });
  const graph = parseModel(file);
  expect(parseModel(encodeModel(graph)).inputs).toEqual(graph.inputs);
  return graph.inputs[0]!.shape;
}

describe('dimensions as exporters write them', () => {
  it('a placeholder is no name: it would say that two dimensions are equal', () => {
    for (const mark of ['?', 'None', '', ' ', '-1', 'unknown', 'DYNAMIC', undefined, -1])
      expect(read([mark, 3, mark]), String(mark)).toEqual(['', 3, '']);
  });

  it('a name is one, whatever it is made of', () => {
    for (const name of ['N', 'batch size', '2*batch', 'unk__17', '__proto__', 'größe', 'N?'])
      expect(read([name, 3])).toEqual([name, 3]);
  });

  it('a length of zero is a length', () => {
    expect(read([1, 0, 8])).toEqual([1, 0, 8]);
  });
});
