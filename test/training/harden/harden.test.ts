/** A code from training to network, on pictures that are made up. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import {
  allValues,
  asFloat32,
  type Graph,
  inferBatchShapes,
  inferShapes,
  split,
  withBatch,
} from '../../../src/model/index.ts';
import { Subject } from '../../../src/privacy/audit/index.ts';
import { createRandom } from '../../../src/random.ts';
import {
  type Checkpoint,
  type Hardened,
  type HardenOptions,
  harden,
  hardenedGraph,
  noAdversary,
} from '../../../src/training/harden/index.ts';
import { accuracyOn, trainClassifier } from '../../../src/training/index.ts';
import { spots } from '../../support/pictures.ts';

const engine = await createEngine({ threads: 1, spinning: true, flushDenormals: true });
afterAll(() => engine.close());

const data = spots({ train: 420, test: 100 });
let network: Graph;
let subject: Subject;

beforeAll(async () => {
  const trained = await trainClassifier(engine, data, {
    network: 'lenet',
    epochs: 4,
    batch: 20,
    learningRate: 2e-3,
    halveEvery: 20,
    seed: 1,
    augmentShift: 0,
  });
  network = trained.graph;
  subject = await Subject.open(engine, network, trained.preprocessing);
});

const options = (change: Partial<HardenOptions> = {}): HardenOptions => ({
  cut: 'pool1',
  preprocessing: subject.preprocessing,
  bits: [128, 64],
  levels: 4,
  size: { width: 24, blocks: 0 },
  adversary: noAdversary,
  featureWeight: undefined,
  tune: 'tail',
  answer: undefined,
  classes: 10,
  epochs: 6,
  batch: 16,
  learningRate: 2e-3,
  fineTune: 1,
  views: 1,
  memoryBytes: 2 ** 30,
  random: createRandom(1),
  ...change,
});

const source = { count: data.train.count, pixels: (indices: readonly number[]) => data.train.pixels(indices) };
const learn = (change: Partial<HardenOptions> = {}, cut = 'pool1') =>
  harden(engine, (n) => subject.parts(subject.cut(cut), n), source, options({ cut, ...change }));

async function released(hardened: Hardened, cut = 'pool1', channels?: number): Promise<Graph> {
  const parts = split(await inferBatchShapes(network, engine), subject.cut(cut));
  return hardenedGraph(parts, { ...hardened, size: { width: 24, blocks: 0 } }, hardened.weights, channels);
}

describe('a learned code', () => {
  it('keeps the answer at each of its rates, and stands in the network as a cut of its own', async () => {
    const hardened = await learn();
    expect(hardened.answer).toBe('classes');
    expect(hardened.code.rates.map((r) => r.bits)).toEqual([126, 54]);
    const before = await accuracyOn(engine, network, data.test, subject.preprocessing);
    for (const { channels } of hardened.code.rates) {
      const now = await accuracyOn(
        engine,
        await released(hardened, 'pool1', channels),
        data.test,
        subject.preprocessing,
      );
      expect(now).toBeGreaterThan(before - 0.2);
    }
    const again = await Subject.open(engine, await released(hardened), subject.preprocessing);
    expect(again.ids).toContain('code');
    const { head } = await again.parts(again.cut('code'), 4);
    const session = await engine.load(head);
    const pixels = asFloat32((await session.run({ input: inputsOf(head, 4) })).code);
    await session.close();
    expect([...new Set(pixels)].every((v) => [-0.75, -0.25, 0.25, 0.75].includes(v))).toBe(true);
  });

  it('leaves the whole network as it was where nothing of it is tuned', async () => {
    const { initializers } = await released(await learn({ epochs: 2, fineTune: 0 }));
    const before = [...network.initializers].filter(([, t]) => t.data.length > 1);
    expect(before.map(([name]) => initializers.get(name))).toEqual(before.map(([, t]) => t));
    const tuned = await released(await learn({ epochs: 2, fineTune: 0.3 }));
    expect(before.map(([name]) => tuned.initializers.get(name))).not.toEqual(before.map(([, t]) => t));
  });

  it('leaves the head as it was, or learns it too', async () => {
    const { head } = await subject.parts(subject.cut('pool1'), 2);
    const before = [...head.initializers].filter(([, t]) => t.data.length > 1);
    const headAfter = async (change: Partial<HardenOptions>) => {
      const { initializers } = await released(await learn({ epochs: 2, ...change }));
      return before.map(([name]) => initializers.get(name));
    };
    const whole = before.map(([, t]) => t);
    expect(await headAfter({})).toEqual(whole);
    const tuned = await headAfter({ tune: 'head', views: 2 });
    expect(tuned).not.toEqual(whole);
    expect(tuned.map((t) => t?.shape)).toEqual(whole.map((t) => t.shape));
  });

  it('answers as well with a head that learnt too, on pictures as the network takes them', async () => {
    const hardened = await learn({ tune: 'head' });
    const now = await accuracyOn(engine, await released(hardened), data.test, subject.preprocessing);
    const before = await accuracyOn(engine, network, data.test, subject.preprocessing);
    expect(now).toBeGreaterThan(before - 0.2);
  });

  it('is the same for a seed, and after it was stopped and went on', async () => {
    const adversary = { ...noAdversary, decoder: 1 };
    const whole = await learn({ adversary, epochs: 3 });
    let kept: Checkpoint | undefined;
    const keep = async (checkpoint: Checkpoint) => {
      if (checkpoint.fit.losses.length === 2) kept = checkpoint;
    };
    await learn({ adversary, epochs: 3, keep });
    const resumed = await learn({ adversary, epochs: 3, from: kept });
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.best).toEqual(whole.best);
  });

  it('shows the decoder that learns along less where that weighs', async () => {
    const seen = async (decoder: number) =>
      (await learn({ adversary: { ...noAdversary, decoder }, epochs: 8, bits: [256] })).best.similarity!;
    // A weight of next to nothing lets it learn, and changes nothing.
    expect(await seen(5)).toBeLessThan((await seen(1e-6)) - 0.05);
  });

  it.each([
    ['entropy', { entropy: 1 }],
    ['correlation', { correlation: 1 }],
    ['reidentification', { reidentification: 1 }],
  ])('can be asked for %s', async (_, term) => {
    const { best } = await learn({ adversary: { ...noAdversary, ...term }, epochs: 2 });
    expect(Number.isFinite(best.loss)).toBe(true);
  });

  it('is asked for that without a decoder that is to fail, and heeds it', async () => {
    const encoder = async (reidentification: number) =>
      (await learn({ adversary: { ...noAdversary, reidentification }, epochs: 2 })).weights.behind.get(
        'code.encoder.last.weight',
      );
    expect(await encoder(5)).not.toEqual(await encoder(0));
  });

  const labels = Int32Array.from({ length: source.count }, (_, i) => i % 10);
  it.each([
    ['scores where there are none', { answer: 'classes' }, {}, 'conv2', /row of scores/],
    [
      'more labels than classes',
      { answer: 'classes', classes: 20 },
      { labels: labels.map((v) => 2 * v) },
      '',
      /20 lab/,
    ],
    ['fewer', { answer: 'classes', classes: 3 }, { labels: labels.map((v) => v % 3) }, '', /3 labels/],
    ['labels of no class', { answer: 'embedding' }, { labels }, '', /choose a class/],
    ['entropy of no class', { answer: 'embedding', adversary: { ...noAdversary, entropy: 1 } }, {}, '', /chooses/],
  ] as [string, Partial<HardenOptions>, { labels?: Int32Array }, string, RegExp][])(
    'is refused for %s',
    async (_, change, more, end, problem) => {
      const divided = async (n: number) => {
        const parts = await subject.parts(subject.cut('pool1'), n);
        const output = allValues(parts.tail).get(end);
        return output ? { ...parts, tail: { ...parts.tail, outputs: [output] } } : parts;
      };
      await expect(harden(engine, divided, { ...source, ...more }, options(change))).rejects.toThrow(problem);
    },
  );

  it('stands for a list of numbers as well', async () => {
    const hardened = await learn({ bits: [32] }, 'fc1act');
    expect(hardened.code.shape).toEqual([16]);
    const graph = await inferShapes(withBatch(await released(hardened, 'fc1act'), 2), engine);
    expect(graph.outputs[0]!.shape).toEqual([2, 10]);
  });

  it('keeps the best so far when it is stopped', async () => {
    const stop = new AbortController();
    const hardened = await learn({
      epochs: 50,
      signal: stop.signal,
      onEpoch: ({ epoch }) => {
        if (epoch === 1) stop.abort();
      },
    });
    expect(hardened.stopped).toBe(true);
    expect(hardened.best.epoch).toBeLessThanOrEqual(2);
    await expect(learn({ signal: AbortSignal.abort() })).rejects.toThrow(
      expect.objectContaining({ code: 'CANCELLED' }),
    );
  });

  it('is refused with too few pictures, and says how many it takes', async () => {
    const few = { ...source, count: 100 };
    const attempt = harden(engine, (n) => subject.parts(subject.cut('pool1'), n), few, options());
    await expect(attempt).rejects.toThrow(expect.objectContaining({ code: 'DATA_TOO_FEW' }));
    await expect(attempt).rejects.toThrow(/160 pictures/);
  });

  it('is refused behind the last layer', async () => {
    await expect(learn({}, 'output')).rejects.toThrow(expect.objectContaining({ code: 'CODE_CUT' }));
  });
});

function inputsOf(head: Graph, n: number) {
  const shape = [n, ...(head.inputs[0]!.shape.slice(1) as number[])];
  const values = new Float32Array(shape.reduce((a, d) => a * d, 1));
  createRandom(2).fillUniform(values, -1, 1);
  return { dtype: 'float32', shape, data: values } as const;
}
