/** What a tail answers to several at once, against what it answers to each alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTail, type TailOptions } from '../../src/cloud/tail.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { asFloat32, encodeModel, float32, GraphBuilder, type Tensor, type Tensors } from '../../src/model/index.ts';
import type { Plan } from '../../src/plan/index.ts';
import { createRandom } from '../../src/random.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine?.close());

const [IN, OUT] = [64, 10];
const weights = (name: string, shape: number[], b: GraphBuilder) => {
  const random = createRandom(shape[0]!);
  return b.initializer(float32(random.fillNormal(new Float32Array(shape[0]! * shape[1]!), 0.2), shape), name);
};
/** Two layers, with anything between them. */
function network(batch: number | string, between: (b: GraphBuilder) => void, dtype: 'float32' | 'int64' = 'float32') {
  const b = new GraphBuilder();
  b.input('x', dtype, [batch, IN]);
  between(b);
  b.op('MatMul', ['y', weights('w', [IN, OUT], b)], {}, 'logits');
  b.output('logits', 'float32', [batch, OUT]);
  return encodeModel(b.build());
}
const relu = (b: GraphBuilder) => void b.op('Relu', ['x'], {}, 'y');

async function open(bytes: Uint8Array, options: Partial<TailOptions> = {}, dtype = 'float32') {
  const log: string[] = [];
  const plan = {
    planId: 'p',
    cut: { id: 'x', tensors: [{ name: 'x', dtype, shape: [1, IN] }] },
    answer: [{ name: 'logits', dtype: 'float32', shape: [1, OUT] }],
  } as unknown as Plan;
  // A gain of nothing: what is tried here is whether the answers are right.
  const tail = await loadTail(plan, bytes, engine, {
    mostAtOnce: 8,
    leastGain: 0,
    log: (l) => log.push(l),
    ...options,
  });
  return { tail, log };
}

const random = createRandom(5);
const activations = (count: number): Tensors[] =>
  Array.from({ length: count }, () => ({ x: float32(random.fillNormal(new Float32Array(IN), 1), [1, IN]) }));
const logits = (answer: Tensors | Error): number[] => {
  if (answer instanceof Error) throw answer;
  expect(answer.logits!.shape).toEqual([1, OUT]);
  return [...asFloat32(answer.logits as Tensor)];
};

describe('a tail', () => {
  it.each([1, 'N'])('of batch %s answers any number at once as each alone', async (batch) => {
    const { tail, log } = await open(network(batch, relu));
    expect([tail.most, log]).toEqual([8, []]);
    for (let count = 1; count <= 8; count++) {
      const asked = activations(count);
      const together = await tail.run(asked);
      expect(together).toHaveLength(count);
      for (const [i, one] of asked.entries()) {
        const alone = logits((await tail.run([one]))[0]!);
        const scale = Math.max(...alone.map(Math.abs));
        for (const [j, v] of logits(together[i]!).entries()) expect(Math.abs(v - alone[j]!)).toBeLessThan(1e-5 * scale);
      }
    }
  });

  it.each<[string, number | string, (b: GraphBuilder) => void]>([
    [
      'takes the largest of the batch',
      'N',
      (b) => {
        b.op('ReduceMax', ['x'], { axes: [0], keepdims: 1 }, 'm');
        b.op('Sub', ['x', 'm'], {}, 'y');
      },
    ],
    ['normalises across the batch', 1, (b) => void b.op('Softmax', ['x'], { axis: 0 }, 'y')],
    [
      'quantises by what the batch holds',
      'N',
      (b) => {
        b.node({
          op: 'DynamicQuantizeLinear',
          domain: '',
          name: 'dq',
          inputs: ['x'],
          outputs: ['q', 's', 'z'],
          attributes: {},
        });
        b.op('DequantizeLinear', ['q', 's', 'z'], {}, 'y');
      },
    ],
  ])('that %s runs one at a time, and says so', async (_, batch, between) => {
    const { tail, log } = await open(network(batch, between));
    expect(tail.most).toBe(1);
    expect(log.join()).toMatch(/runs one activation at a time: /);
    expect(await tail.run(activations(1))).toHaveLength(1);
  });

  it('fails one of a batch alone', async () => {
    const table = (b: GraphBuilder) => void b.op('Gather', [weights('t', [4, 1], b), 'x'], {}, 'g');
    const bytes = network(
      'N',
      (b) => {
        table(b);
        b.op(
          'Squeeze',
          ['g', b.initializer({ dtype: 'int64', shape: [1], data: new BigInt64Array([2n]) }, 'axes')],
          {},
          'y',
        );
      },
      'int64',
    );
    const { tail, log } = await open(bytes, {}, 'int64');
    expect(tail.most).toBe(8);
    const of = (n: bigint): Tensors => ({
      x: { dtype: 'int64', shape: [1, IN], data: BigInt64Array.from({ length: IN }, (_, i) => (i ? 1n : n)) },
    });
    const answers = await tail.run([of(0n), of(99n), of(2n)]);
    expect(answers.map((a) => a instanceof Error)).toEqual([false, true, false]);
    expect(log.join()).toContain('1 batches failed');
    expect(logits(answers[2]!)).toEqual(logits((await tail.run([of(2n)]))[0]!));
  });

  it('takes what fills a batch, or nearly', async () => {
    const { tail } = await open(network(1, relu));
    expect([1, 2, 3, 4, 5, 6, 8, 20].map((n) => tail.takes(n))).toEqual([1, 2, 3, 4, 4, 6, 8, 8]);
    const single = await open(network(1, relu), { mostAtOnce: 1 });
    expect([single.tail.most, single.tail.takes(20)]).toEqual([1, 1]);
    // Nothing is ten times as fast a picture as half of it.
    const choosy = await open(network(1, relu), { leastGain: 1000 });
    expect([choosy.tail.most, choosy.log.join()]).toEqual([
      1,
      expect.stringContaining('as long as one after the other'),
    ]);
  });
});
