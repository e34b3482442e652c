/** Names: exporters give nodes and tensors names of their own, and a builder must not hand out either twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { GraphBuilder, inferShapes } from '../../src/model/index.ts';
import { float32 } from '../../src/model/tensor.ts';
import { runGraph } from './support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const relu = (name: string, input: string, output: string) => ({
  name,
  op: 'Relu',
  domain: '',
  inputs: [input],
  outputs: [output],
  attributes: {},
});

describe('a graph builder', () => {
  it('gives a fresh tensor no name that a node has, since the node that makes it is named after it', () => {
    const b = new GraphBuilder();
    b.input('input', 'float32', [1]);
    b.node(relu('Relu_1', 'input', '7'));
    b.op('Relu', ['7'], {}, 'Relu');
    const made = b.op('Relu', ['7']);
    const { nodes } = b.build();
    expect(made).not.toBe('Relu_1');
    expect(new Set(nodes.map((n) => n.name)).size).toBe(nodes.length);
  });

  it('numbers a node whose name was taken by one that was made before it', () => {
    const b = new GraphBuilder();
    b.input('input', 'float32', [1]);
    const made = b.op('Relu', ['input']);
    b.node(relu(made, made, '8'));
    const { nodes } = b.build();
    expect(nodes.map((n) => n.outputs[0])).toEqual([made, '8']);
    expect(nodes[1]!.name).not.toBe(made);
  });

  it('differentiates what PyTorch exports: nodes Conv_0, Conv_1 …, tensors 10, 11 …', async () => {
    const b = new GraphBuilder();
    b.input('input', 'float32', [1, 2, 8, 8]);
    let x = 'input';
    for (let i = 0; i < 6; i++) {
      const kernel = b.initializer(
        float32(
          Float32Array.from({ length: 36 }, (_, k) => Math.sin(k + i) / 4),
          [2, 2, 3, 3],
        ),
        `w${i}`,
      );
      const attributes = { pads: { type: 'ints', value: [1, 1, 1, 1] } } as const;
      b.node({ name: `Conv_${i}`, op: 'Conv', domain: '', inputs: [x, kernel], outputs: [`${10 + i}`], attributes });
      x = `${10 + i}`;
    }
    b.output(x, 'float32', [1, 2, 8, 8]);
    const gradient = vectorJacobianGraph(await inferShapes(b.build(), engine));
    const ones = (length: number) => float32(new Float32Array(length).fill(1), [1, 2, 8, 8]);
    const made = await runGraph(engine, gradient, { input: ones(128), 'cotangent:15': ones(128) });
    expect(made['gradient:input']!.data.some((v) => v !== 0)).toBe(true);
  });
});
