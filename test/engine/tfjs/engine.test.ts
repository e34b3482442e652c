import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../../src/autodiff/index.ts';
import { createEngine } from '../../../src/engine/index.ts';
import type { RuntimeSession } from '../../../src/engine/remote/serve.ts';
import { openSession } from '../../../src/engine/tfjs/session.ts';
import type { Value } from '../../../src/engine/tfjs/value.ts';
import { GraphBuilder } from '../../../src/model/builder.ts';
import type { Graph } from '../../../src/model/graph.ts';
import { float32, int64, type Tensors } from '../../../src/model/tensor.ts';
import { cotangentsOf, inSinglePrecision, noise, vjpFeeds, withShapes } from '../../autodiff/check.ts';
import { caseOf, operatorCases } from '../../support/cases/index.ts';
import { heavy, heavyFeed, recurrence, single } from '../contract/graphs.ts';
import { tfjsPackages } from './packages.ts';

const never = () => false;

describe('the TensorFlow.js engine', () => {
  it('says what to install when TensorFlow.js is not there', async () => {
    const call = createEngine({ engine: 'tfjs', packages: ['@tensorflow/tfjs-nowhere'] });
    await expect(call).rejects.toMatchObject({
      name: 'CutlineError',
      code: 'ENGINE_MISSING',
      exit: 2,
      message: expect.stringMatching(/npm install @tensorflow\/tfjs-nowhere.*Node 23/s),
    });
  });

  it('says so when a package is there but no TensorFlow.js', async () => {
    const engine = await createEngine({ engine: 'tfjs', packages: ['yaml'] });
    await expect(engine.load(recurrence())).rejects.toMatchObject({ code: 'ENGINE_MISSING' });
    await engine.close();
  });

  describe('refuses by name', () => {
    const engine = createEngine({ engine: 'tfjs', packages: tfjsPackages });
    afterAll(async () => (await engine).close());

    it('an operator it does not have, also inside a branch', async () => {
      const inner = new GraphBuilder();
      inner.output(inner.op('NonMaxSuppression', [], {}, 'boxes'), 'float32', [1]);
      const b = new GraphBuilder();
      const branch = { type: 'graph', value: inner.build() } as const;
      b.output(
        b.op('If', [b.input('c', 'bool', [])], { then_branch: branch, else_branch: branch }, 'y'),
        'float32',
        [1],
      );
      const call = (await engine).load(b.build());
      await expect(call).rejects.toMatchObject({
        code: 'ENGINE_LOAD',
        message: expect.stringMatching(/boxes.*NonMaxSup/),
      });
    });

    it('float64, which TensorFlow.js does not have', async () => {
      const call = (await engine).load(single('Add', 'float64', [2]));
      await expect(call).rejects.toMatchObject({ code: 'ENGINE_LOAD', message: expect.stringContaining('float64') });
    });

    it('integers beyond 32 bits, fed or computed', async () => {
      const session = await (await engine).load(single('Mul', 'int64', [1]));
      const big = { dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 40n) } as const;
      const fed = session.run({ in0: big, in1: int64([1]) });
      await expect(fed).rejects.toMatchObject({ code: 'ENGINE_RUN', message: expect.stringContaining('32 bits') });
      const computed = session.run({ in0: int64([2 ** 20]), in1: int64([2 ** 20]) });
      await expect(computed).rejects.toMatchObject({ code: 'ENGINE_RUN', message: expect.stringContaining('32 bits') });
    });
  });
});

describe('memory', () => {
  const open: RuntimeSession<Value>[] = [];
  const load = (graph: Graph): RuntimeSession<Value> => {
    const session = openSession(tf, graph);
    open.push(session);
    return session;
  };
  const once = async (session: RuntimeSession<Value>, feeds: Tensors): Promise<void> => {
    const held = session.enter(feeds);
    const names = session.outputs.map((v) => v.name);
    const results = await session.step(held, names, never);
    session.leave(results);
    session.free([...Object.values(held), ...Object.values(results)]);
  };

  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  it('does not grow with runs, whatever the operator, and goes when the session is released', async () => {
    const before = tf.memory().numTensors;
    for (const [op, generators] of Object.entries(operatorCases)) {
      for (const generator of generators) {
        for (const { graph, feeds } of fc.sample(caseOf(generator), { numRuns: 2, seed: 5 })) {
          let session: RuntimeSession<Value>;
          try {
            session = openSession(tf, graph);
          } catch {
            continue;
          }
          const run = () => once(session, feeds).catch(() => {});
          await run();
          const warm = tf.memory().numTensors;
          await run();
          expect(tf.memory().numTensors, op).toBe(warm);
          await session.release();
          expect(tf.memory().numTensors, op).toBe(before);
        }
      }
    }
  });

  it('holds no more than what is still to be read, however deep the graph', async () => {
    let most = 0;
    const session = load(heavy(8, 200));
    const held = session.enter({ x: heavyFeed(8) });
    const results = await session.step(held, ['y'], () => {
      most = Math.max(most, tf.memory().numTensors);
      return false;
    });
    session.free([...Object.values(held), ...Object.values(results)]);
    const idle = tf.memory().numTensors;
    expect(most - idle).toBeLessThan(6);
  });

  it('is freed when a run is stopped between two nodes, and when a node fails', async () => {
    const session = load(heavy(8, 50));
    const held = session.enter({ x: heavyFeed(8) });
    const before = tf.memory().numTensors;
    let asked = 0;
    const stopped = session.step(held, ['y'], () => ++asked > 20);
    await expect(stopped).rejects.toThrow();
    expect(asked).toBe(21);
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(1);
    session.free(Object.values(held));
    const add = load(single('Add', 'float32', ['n'], 2));
    const feeds = add.enter({ in0: float32([1, 2], [2]), in1: float32([1, 2, 3], [3]) });
    const idle = tf.memory().numTensors;
    await expect(add.step(feeds, ['out'], never)).rejects.toThrow(/Add/);
    expect(tf.memory().numTensors - idle).toBeLessThanOrEqual(2);
    add.free(Object.values(feeds));
  });

  it('stays level for gradient graphs too', async () => {
    for (const op of [
      'Conv',
      'ConvTranspose',
      'MaxPool',
      'AveragePool',
      'Gather',
      'Resize',
      'LayerNormalization',
    ] as const) {
      for (const { graph, feeds } of fc.sample(caseOf(operatorCases[op]![0]!), { numRuns: 3, seed: 2 })) {
        const shaped = withShapes(graph, feeds);
        const single32 = inSinglePrecision(vjpFeeds(feeds, cotangentsOf(shaped, noise(3))));
        const session = load(vectorJacobianGraph(shaped));
        await once(session, single32);
        const warm = tf.memory().numTensors;
        await once(session, single32);
        expect(tf.memory().numTensors, op).toBe(warm);
      }
    }
  });

  it('is all returned in the end', async () => {
    for (const session of open) await session.release();
    expect(tf.memory().numTensors).toBe(0);
  });
});
