/** Valid models that mutants are made of: small networks, one of every operator, bodies, sequences, texts, several inputs. */
import fc from 'fast-check';
import { encodeModel } from '../../src/model/index.ts';
import { caseOf, operatorCases } from '../support/cases/index.ts';
import { networks } from '../support/networks.ts';
import { type GraphInit, node, onnxFile, sequenceType, tensor, tensorType, value } from '../support/onnx.ts';
import { clip, detector, siamese, vad } from '../support/several-inputs.ts';

const rows = tensorType('float32', ['N', 4]);
const weight = tensor(
  'W',
  'float32',
  [4, 4],
  Array.from({ length: 16 }, (_, i) => Math.sin(i)),
);
const product = node('MatMul', ['x', 'W'], ['h']);

const sequence: GraphInit = {
  input: [value('x', rows)],
  output: [value('y', rows)],
  initializer: [weight, tensor('two', 'int64', [], [2])],
  node: [
    product,
    node('SplitToSequence', ['h'], ['parts'], { axis: 1 }),
    node('SequenceAt', ['parts', 'two'], ['element']),
    node('SequenceInsert', ['parts', 'element'], ['more']),
    node('ConcatFromSequence', ['more'], ['joined'], { axis: 1 }),
    node('Relu', ['joined'], ['y']),
  ],
};

const loop: GraphInit = {
  input: [value('x', rows)],
  output: [value('y', rows)],
  initializer: [weight, tensor('three', 'int64', [], [3]), tensor('true', 'bool', [], [1])],
  node: [
    product,
    node('SequenceEmpty', [], ['none'], { dtype: 1 }),
    node('Loop', ['three', 'true', 'h', 'none'], ['last', 'kept'], {
      body: {
        graph: {
          name: 'body',
          input: [
            value('i', tensorType('int64', [])),
            value('c', tensorType('bool', [])),
            value('a', tensorType('float32')),
            value('s', sequenceType(tensorType('float32'))),
          ],
          output: [
            value('c2', tensorType('bool', [])),
            value('b', tensorType('float32')),
            value('t', sequenceType(tensorType('float32'))),
          ],
          node: [
            node('Tanh', ['a'], ['b']),
            node('SequenceInsert', ['s', 'b'], ['t']),
            node('Identity', ['c'], ['c2']),
          ],
        },
      },
    }),
    node('Add', ['last', 'h'], ['y']),
  ],
};

const texts: GraphInit = {
  input: [value('x', rows), value('word', tensorType('string', ['N']))],
  output: [value('y', rows), value('same', tensorType('bool', ['N']))],
  initializer: [weight],
  node: [
    product,
    node('Relu', ['h'], ['y']),
    node('Constant', [], ['known'], { value_strings: ['cat'] }),
    node('Equal', ['word', 'known'], ['same']),
  ],
};

export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The same on every machine. Every network also with a batch that has a name. */
export function seeds(): Seed[] {
  const list: Seed[] = [];
  const add = (name: string, bytes: Uint8Array) => list.push({ name, bytes });
  for (const [name, { build }] of Object.entries(networks)) {
    add(name, encodeModel(build()));
    add(`${name}, any batch`, encodeModel(build({ batch: 'N' })));
  }
  for (const [name, graph] of Object.entries({ clip: clip(), detector: detector({ batch: 'N' }), vad: vad() })) {
    add(name, encodeModel(graph));
  }
  add('siamese', encodeModel(siamese()));
  add('sequence', onnxFile(sequence));
  add('loop', onnxFile(loop));
  add('texts', onnxFile(texts, { opset: 19 }));
  for (const [op, generators] of Object.entries(operatorCases)) {
    generators.forEach((generator, i) => {
      const [drawn] = fc.sample(caseOf(generator), { seed: 7, numRuns: 1 });
      add(`${op} ${i}`, encodeModel(drawn!.graph));
    });
  }
  return list;
}
