/** Types and shapes inferred while gradients are written, against what the reference makes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backward, rewritten, rules, vectorJacobianGraph, writeForward } from '../../src/autodiff/index.ts';
import { infer, isInferred, Misfit, written } from '../../src/autodiff/inference/index.ts';
import { originOf } from '../../src/autodiff/purpose.ts';
import { GraphBuilder } from '../../src/model/builder.ts';
import { float32, type Tensor } from '../../src/model/tensor.ts';
import { type Case, caseOf, describeCase, operatorCases } from '../support/cases/index.ts';
import { runReference } from '../support/reference/index.ts';
import { cotangentsOf, noise, vjpFeeds, withShapes } from './check.ts';
import { refusals } from './refusals.ts';

/** Shapes that hang on values, not on shapes alone. */
const dependsOnValues = new Set(['MaxUnpool']);

/** Their results are no real numbers, so that alone they are refused. */
const toIntegers = new Set(['QuantizeLinear', 'DynamicQuantizeLinear']);

/** @returns how many nodes that rules wrote were inferred */
function checkInference(drawn: Case): number {
  const empty = drawn.reals.some((name) => drawn.feeds[name]!.data.length === 0);
  const graph = withShapes(drawn.graph, drawn.feeds);
  if (drawn.reals.length === 0 || empty || graph.outputs.length === 0 || refusals(drawn)) return 0;
  const gradient = vectorJacobianGraph(graph);
  const feeds = vjpFeeds(drawn.feeds, cotangentsOf(graph, noise(5)));
  const outputs = gradient.nodes.flatMap((n) => n.outputs).filter((y) => y !== '');
  const made = runReference(gradient, feeds, { precision: 'declared', outputs });
  const operand = (name: string) => {
    if (name === '') return undefined;
    const value = gradient.initializers.get(name);
    const declared = gradient.inputs.find((v) => v.name === name);
    const { dtype, shape } = (value ?? made[name] ?? declared) as Tensor;
    return { dtype, shape, value };
  };
  let inferred = 0;
  for (const node of gradient.nodes) {
    if (originOf(node).op === node.op && !node.name.startsWith('gradient of ')) continue;
    expect(isInferred(node.op), `${node.op} is written, and its result is not known: ${describeCase(drawn)}`).toBe(
      true,
    );
    const kind = infer(node, node.inputs.map(operand));
    if (!kind && dependsOnValues.has(node.op)) continue;
    const { dtype, shape } = made[node.outputs[0]!]!;
    expect(kind && written(kind), `${node.name}: ${describeCase(drawn)}`).toBe(written({ dtype, shape }));
    inferred++;
  }
  return inferred;
}

describe('what rules write is known while they write it', () => {
  for (const op of [...rules.keys(), ...rewritten].filter((name) => !toIntegers.has(name)).sort()) {
    it(op, () => {
      let inferred = 0;
      for (const generator of operatorCases[op]!) {
        for (const drawn of fc.sample(caseOf(generator), { numRuns: 8, seed: 23 })) inferred += checkInference(drawn);
      }
      // The cotangent itself is the gradient of these.
      if (!['Cast', 'CastLike', 'Dropout', 'Identity'].includes(op)) expect(inferred).toBeGreaterThan(0);
    });
  }
});

describe('what cannot be is a misfit', () => {
  const half = { dtype: 'float16', shape: [2, 3] } as const;
  const single = { dtype: 'float32', shape: [2, 3] } as const;
  const node = (op: string) => {
    const b = new GraphBuilder(17);
    b.op(op, ['a', 'b'], {}, 'y');
    return b.build().nodes[0]!;
  };

  it.each(['Add', 'Mul', 'Max', 'Greater', 'MatMul', 'Concat'])('%s of two types', (op) => {
    expect(() => infer(node(op), [half, single])).toThrow(Misfit);
  });

  it.each(['Add', 'MatMul'])('%s of shapes that do not go together', (op) => {
    expect(() => infer(node(op), [single, { dtype: 'float32', shape: [2, 2] }])).toThrow(Misfit);
  });

  it('and is told by the node whose rule it was', () => {
    const b = new GraphBuilder(17);
    b.op('Tanh', [b.input('x', 'float32', [2, 3])], {}, 'y');
    b.output('y', 'float32', [2, 3]);
    const graph = b.build();
    const wrong = { ...graph, values: new Map([['y', { name: 'y', dtype: 'float32', shape: [3, 3] } as const]]) };
    const forward = writeForward({ ...wrong, outputs: [] }, ['x']);
    const seed = forward.g.tensor(float32(new Float32Array(9), [3, 3]));
    expect(() => backward(forward, new Map([['y', seed]]), ['x'])).toThrow(
      expect.objectContaining({
        code: 'GRADIENT_REFUSED',
        details: { node: 'y', op: 'Tanh', problem: 'the rule would write float32 [3,3], not float32 [2,3]' },
      }),
    );
  });
});
