/** What is shipped is what was trained: the network as a file, on pictures that were held out. */
import { afterAll, describe, expect, it } from 'vitest';
import { type Pixels, type Preprocessing, preprocess } from '../../../src/data/index.ts';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, encodeModel, type Graph, inferBatchShapes, parseModel, split } from '../../../src/model/index.ts';
import { Subject } from '../../../src/privacy/audit/index.ts';
import { createRandom } from '../../../src/random.ts';
import { harden, hardenedGraph, noAdversary, type Tune } from '../../../src/training/harden/index.ts';
import { codedNetwork } from '../../support/coded.ts';
import { Layers, networks } from '../../support/networks.ts';

const engine = await createEngine({ threads: 1, spinning: true, flushDenormals: true });
afterAll(() => engine.close());

const count = 160;
const size = { width: 8, blocks: 1 };

function sizeOf([a, b, c]: readonly number[]): Preprocessing {
  const isLast = c! <= 3;
  const [channels, height, width] = isLast ? [c!, a!, b!] : [a!, b!, c!];
  const [mean, std] = [new Array(channels).fill(0.5), new Array(channels).fill(0.5)];
  return { layout: isLast ? 'NHWC' : 'NCHW', channels: channels as 1 | 3, height, width, mean, std };
}

function noise({ channels, height, width }: Preprocessing) {
  const values = new Float32Array(count * channels * height * width);
  createRandom(5).fillUniform(values, 0, 256);
  const area = channels * height * width;
  return async (indices: readonly number[]): Promise<Pixels> => ({
    channels,
    height,
    width,
    count: indices.length,
    data: Uint8Array.from(indices.flatMap((i) => [...values.subarray(i * area, (i + 1) * area)])),
  });
}

/** How far outputs are from those of the network before, in units of their variance: while it was trained, and of the file. */
async function distances(network: Graph, preprocessing: Preprocessing, at?: string, tune: Tune = 'tail') {
  const graph = parseModel(encodeModel(network));
  const before = await Subject.open(engine, graph, preprocessing);
  const cut = before.cut(at ?? before.ids.find((_, i) => 2 * i >= before.ids.length)!);
  const pixels = noise(preprocessing);
  const hardened = await harden(
    engine,
    (n) => before.parts(cut, n),
    { count, pixels },
    {
      cut: cut.id,
      preprocessing,
      bits: [32],
      levels: 4,
      size,
      adversary: { ...noAdversary, decoder: 1 },
      tune,
      featureWeight: undefined,
      answer: 'values',
      classes: undefined,
      epochs: 2,
      batch: 16,
      learningRate: 5e-3,
      fineTune: 1,
      views: 1,
      memoryBytes: 2 ** 30,
      random: createRandom(1),
    },
  );
  const parts = split(await inferBatchShapes(graph, engine), cut);
  const file = parseModel(encodeModel(hardenedGraph(parts, { ...hardened, size }, hardened.weights)));
  const after = await Subject.open(engine, file, preprocessing);
  expect(after.ids).toContain('code');
  expect(file.outputs.map((v) => v.name)).toEqual(network.outputs.map((v) => v.name));
  const held = Array.from(createRandom(1).fork('pictures').permutation(count).subarray(0, 32));
  const input = preprocess(await pixels(held), preprocessing);
  const answers = async (subject: Subject) => {
    const whole = await subject.whole(held.length);
    const session = await engine.load(whole);
    const made = await session.run({ [whole.inputs[0]!.name]: input });
    await session.close();
    return whole.outputs.filter((v) => v.dtype === 'float32').map((v) => asFloat32(made[v.name]));
  };
  const [was, is] = [await answers(before), await answers(after)];
  const shipped = was.reduce((sum, values, k) => sum + error(values, is[k]!) / variance(values), 0);
  return { trained: hardened.best.distance, shipped };
}

const mean = (values: Float32Array) => values.reduce((a, v) => a + v, 0) / values.length;
const error = (a: Float32Array, b: Float32Array) => mean(a.map((v, i) => (v - b[i]!) ** 2));
const variance = (values: Float32Array) => mean(values.map((v) => v ** 2)) - mean(values) ** 2;

async function expectTheSame(network: Graph, preprocessing: Preprocessing, at?: string): Promise<void> {
  // What chooses between two branches has no gradient of its own.
  const canLearn = !network.nodes.some((node) => node.op === 'If');
  for (const tune of canLearn ? (['tail', 'head'] as const) : (['tail'] as const)) {
    const { trained, shipped } = await distances(network, preprocessing, at, tune);
    // Features are halves while it is trained, so that one value in a thousand may round to another level.
    expect(shipped / trained, tune).toBeGreaterThan(0.95);
    expect(shipped / trained, tune).toBeLessThan(1.05);
  }
}

describe('a hardened network', () => {
  const cuts: Partial<Record<keyof typeof networks, string>> = { residual: 'a_relu2', transformer: 'res1' };
  const all = Object.entries(networks) as [keyof typeof networks, (typeof networks)['chain']][];
  it.each(all)('is what was trained: %s', async (name, { build, input }) => {
    await expectTheSame(build({ batch: 'n' }), sizeOf(input), cuts[name]);
  });

  it.each([9, 10, 11, 12, 13, 20])('speaks opset %i as the network did', async (opset) => {
    const network = { ...networks.chain.build({ batch: 'n' }), opsets: new Map([['', opset]]) };
    await expectTheSame(network, sizeOf(networks.chain.input), 'pool2');
  });

  it('of a fixed batch stays of that batch', async () => {
    await expectTheSame(networks.squeezeExcite.build({ batch: 1 }), sizeOf(networks.squeezeExcite.input));
  });

  it('leaves the head its weights where the tail reads the same ones', async () => {
    const n = new Layers({ batch: 'n' }, 3, 8);
    const shared = [n.weight('w', [4, 4, 3, 3], 36), n.weight('b', [4], 4)];
    const conv = (name: string, x: string) => n.op('Conv', name, [x, ...shared], { pads: [1, 1, 1, 1] });
    const first = n.relu('first', conv('conv1', n.relu('relu0', n.conv('conv0', 'input', 3, 4, 3))));
    await expectTheSame(n.classify(n.relu('second', conv('conv2', first)), 4), sizeOf([3, 8, 8]), 'first');
  });

  it('has what was learnt where the network worked its weights out', async () => {
    const n = new Layers({ batch: 'n' }, 3, 8);
    const derived = (name: string, shape: readonly number[], fan: number) =>
      n.op('Identity', `${name}i`, [n.weight(name, [...shape], fan)]);
    const conv = (name: string, x: string, inputs: number) =>
      n.op('Conv', name, [x, derived(`${name}w`, [4, inputs, 3, 3], 27), derived(`${name}b`, [4], 4)], {
        pads: [1, 1, 1, 1],
      });
    const first = n.relu('first', conv('conv1', n.relu('relu0', conv('conv0', 'input', 3)), 4));
    await expectTheSame(n.classify(n.relu('second', conv('conv2', first, 4)), 4), sizeOf([3, 8, 8]), 'first');
  });

  it('learns nothing for one place in a batch alone', async () => {
    const n = new Layers({ batch: 'n' }, 3, 8);
    const shifted = (name: string, x: string) =>
      n.op('Add', name, [
        x,
        n.op('Expand', `${name}e`, [n.weight(`${name}p`, [4, 1, 1], 4), n.op('Shape', `${name}s`, [x])]),
      ]);
    const first = n.relu('first', shifted('add1', n.conv('conv1', 'input', 3, 4, 3)));
    await expectTheSame(
      n.classify(n.relu('second', shifted('add2', n.conv('conv2', first, 4, 4, 3))), 4),
      sizeOf([3, 8, 8]),
      'first',
    );
  });

  it.each([
    ['const', 'Mul', 'Sub'],
    ['const_1', 'Cast', 'Mul'],
  ])('may have names as a writer of graphs gives them: %s, %s, %s', async (weight, cut, output) => {
    const n = new Layers({ batch: 'n' }, 3, 8);
    const kernel = [n.weight(weight, [4, 3, 3, 3], 27), n.weight('b', [4], 4)];
    const first = n.relu(cut, n.op('Conv', 'conv1', ['input', ...kernel], { pads: [1, 1, 1, 1] }));
    const second = n.conv('conv2', first, 4, 4, 3);
    await expectTheSame(n.finish(n.relu(output, second)), sizeOf([3, 8, 8]), cut);
  });

  it('may answer with numbers that have no gradient beside those that have', async () => {
    const n = new Layers({ batch: 'n' }, 3, 8);
    const y = n.relu('second', n.conv('conv2', n.relu('first', n.conv('conv1', 'input', 3, 4, 3)), 4, 4, 3));
    const network = n.finish(n.op('ArgMax', 'where', [y], { axis: 1 }), n.op('GlobalAveragePool', 'gap', [y]), y);
    await expectTheSame(network, sizeOf([3, 8, 8]), 'first');
  });
});

describe('no code is learnt', () => {
  it('where the network has one already', async () => {
    const attempt = distances(codedNetwork({ batch: 'n' }), sizeOf([1, 8, 8]), 'decoded');
    await expect(attempt).rejects.toThrow(expect.objectContaining({ code: 'CODE_CUT' }));
    await expect(attempt).rejects.toThrow(/called code already/);
  });

  it('where the cut is an output as well, which the code would not hide', async () => {
    const n = new Layers({ batch: 'n' }, 3, 8);
    const x = n.relu('first', n.conv('conv1', 'input', 3, 4, 3));
    const network = n.finish(n.relu('second', n.conv('conv2', x, 4, 4, 3)), x);
    await expect(distances(network, sizeOf([3, 8, 8]), 'first')).rejects.toThrow(/itself an output/);
  });
});
