/** Shadow models: what an attacker makes of the tail, labels and what was observed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import { asFloat32, bindBatch, type Graph, GraphBuilder, inferShapes, type Tensor } from '../../../src/model/index.ts';
import { generatedHead, seenTensors } from '../../../src/privacy/attacks/head/generated.ts';
import { paperHead } from '../../../src/privacy/attacks/head/paper.ts';
import { type ShadowOptions, shadow } from '../../../src/privacy/attacks/index.ts';
import { classAnswer } from '../../../src/privacy/attacks/shadow/answer.ts';
import { bestShadow } from '../../../src/privacy/attacks/shadow/contest.ts';
import { fitShadow } from '../../../src/privacy/attacks/shadow/fit.ts';
import { invertShadow } from '../../../src/privacy/attacks/shadow/invert.ts';
import { judge } from '../../../src/privacy/attacks/shadow/judge.ts';
import { lessonFor } from '../../../src/privacy/attacks/shadow/lesson.ts';
import { queryFree } from '../../../src/privacy/audit/knowledge.ts';
import { createRandom } from '../../../src/random.ts';
import { trainClassifier } from '../../../src/training/index.ts';
import { runGraph } from '../../model/support.ts';
import { chain, randomTensor } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { attackContract } from './contract.ts';
import { scene } from './scene.ts';

const size = { width: 8, blocks: 1 };
const options: ShadowOptions = {
  cut: 'ReLU1',
  data: 'same-set',
  structure: 'known',
  alignment: 'none',
  inversion: 'decoder',
  shadows: 1,
  pictures: 120,
  epochs: 3,
  iterations: 6,
  size,
};

attackContract({
  name: 'shadow',
  threat: 'query-free',
  // The network of the contract has learnt nothing, and so its tail teaches little; what is asked for comes below.
  gapDb: 2,
  make: () => shadow({ ...options, alignment: 'moments', inversion: 'rmle', shadows: 2, iterations: 20 }),
  endless: () => shadow({ ...options, epochs: 100_000 }),
  // Each place in the row begins with a roughness of its own.
  batchTolerance: 0.01,
});

describe('a shadow', () => {
  let engine: Engine;
  let lenet: Graph;
  const data = spots({ test: 60, train: 300 });
  const victims = [0, 1, 2, 3, 4, 5];
  beforeAll(async () => {
    engine = await createEngine({ threads: 1, spinning: true, flushDenormals: true });
    const classifier = { network: 'lenet', epochs: 6, batch: 16, learningRate: 2e-3, halveEvery: 5, seed: 1 } as const;
    lenet = (await trainClassifier(engine, data, { ...classifier, augmentShift: 0 })).graph;
  });
  afterAll(() => engine.close());
  const sceneAt = (cut: string, over = {}) => scene({ engine, graph: lenet, cut, data, victims, ...over });
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

  it('comes to please the tail, which stays bit for bit as it was', async () => {
    const { ground } = await sceneAt('ReLU2');
    const context = queryFree(ground);
    const labelled = await context.labelled('same-set');
    const [random, weights] = [createRandom(1), createRandom(2)];
    const lesson = await lessonFor(context, { structure: 'known', cut: 'ReLU2', labelled, alignment: 0, random });
    const { network, head } = await fitShadow(context, lesson, { pictures: 1600, weights, random });
    const [before, after] = [
      await judge(context, lesson, (n) => context.structure(n, weights)),
      await judge(context, lesson, head),
    ];
    expect(after.accuracy).toBeGreaterThan(before.accuracy + 0.3);
    expect(after.doubt).toBeLessThan(before.doubt);
    const tail = await context.tail(1);
    const real = (await ground.subject.parts(ground.device.cut, 1)).head;
    for (const [name, tensor] of tail.initializers) expect(network.initializers.get(name)?.data).toEqual(tensor.data);
    const own = (await head(1)).initializers;
    for (const name of ['conv1.weight', 'conv2.weight']) {
      expect(own.get(name)!.data).not.toEqual(real.initializers.get(name)!.data);
      expect(own.get(name)!.data).toEqual(network.initializers.get(name)!.data);
      expect(own.get(name)!.data).not.toEqual((await context.structure(1, weights)).initializers.get(name)!.data);
    }
  });

  it('is more like the picture than the best guess without information', async () => {
    const victims = Array.from({ length: 20 }, (_, i) => i);
    const { run, truth } = await sceneAt('conv1', { victims });
    const learning = { shadows: 2, pictures: 300, epochs: 10, iterations: 60 };
    const found = await run(shadow({ ...options, cut: 'conv1', inversion: 'rmle', alignment: 'moments', ...learning }));
    expect(found.parameters).toMatchObject({ inversion: 'rmle', alignment: 'moments', structure: 'known' });
    expect(found.queries).toBeUndefined();
    // What the victims are on average, which is more than any attacker knows beforehand.
    const row = truth.data.length / victims.length;
    const average = new Float32Array(truth.data.length);
    for (const [i, v] of asFloat32(truth).entries()) {
      for (const k of victims) average[k * row + (i % row)]! += v / victims.length;
    }
    expect(likeness(found.pictures, truth)).toBeGreaterThan(likeness({ ...truth, data: average }, truth) + 0.1);
  });

  it('can be inverted by a decoder, which knows it better than it knows the head', async () => {
    const { run, psnrOf } = await sceneAt('conv1');
    const at = { ...options, cut: 'conv1', inversion: 'decoder', alignment: 'moments', pictures: 300 } as const;
    const found = await run(shadow({ ...at, epochs: 10, iterations: 12 }));
    expect(found.parameters).toMatchObject({ inversion: 'decoder', decoder: 'residual', pairs: 300 });
    const onItsOwn = Number(found.parameters.validationPsnr);
    expect(onItsOwn).toBeGreaterThan(30);
    for (const psnr of psnrOf(found.pictures)) expect(psnr).toBeLessThan(onItsOwn);
  });

  it('aligned to what was observed is nearer than one that was not', async () => {
    const { run, psnrOf } = await sceneAt('conv1');
    const at = { ...options, cut: 'conv1', inversion: 'rmle', pictures: 300, epochs: 15, iterations: 150 } as const;
    const [plain, aligned] = [await run(shadow(at)), await run(shadow({ ...at, alignment: 'moments' }))];
    expect(mean(psnrOf(aligned.pictures))).toBeGreaterThan(mean(psnrOf(plain.pictures)));
  });

  it('learns through the defense, from either data it is given, with either structure', async () => {
    const { run } = await sceneAt('conv1', { defense: 'laplace(scale=0.2)' });
    const at = { ...options, cut: 'conv1', data: 'same-distribution', pictures: 40, epochs: 1, iterations: 1 } as const;
    for (const structure of ['paper', 'generated'] as const) {
      const { parameters, pictures } = await run(shadow({ ...at, structure, alignment: 'moments' }));
      expect(parameters).toMatchObject({ structure, data: 'same-distribution', pictures: 40 });
      expect(asFloat32(pictures).every(Number.isFinite)).toBe(true);
    }
    const input = await sceneAt('conv1', { defense: 'input.gauss(sd=0.5)' });
    expect((await input.run(shadow(at))).iterations).toBe(1);
  });

  it('inverted with the statistics of pictures is nearer than as published, however many steps that takes', async () => {
    const { run, psnrOf } = await sceneAt('ReLU2');
    const at = {
      ...options,
      cut: 'ReLU2',
      inversion: 'rmle',
      alignment: 'moments',
      pictures: 300,
      epochs: 15,
    } as const;
    const believing = await run(shadow({ ...at, iterations: 60 }));
    const published = await run(shadow({ ...at, iterations: 300, lambdaTv: 2 }));
    expect(believing.parameters.prior).toMatch(/learned|natural/);
    expect(published.parameters).toMatchObject({ solver: 'adam', lambdaTv: 2 });
    expect(mean(psnrOf(believing.pictures))).toBeGreaterThan(mean(psnrOf(published.pictures)));
  });

  it('is one of several that were begun: the one that fits best what can be seen', async () => {
    const { ground } = await sceneAt('conv1');
    const context = queryFree(ground);
    const labelled = await context.labelled('same-set');
    const about = { structure: 'known', cut: 'conv1', labelled, alignment: 1, random: createRandom(1) } as const;
    const lesson = await lessonFor(context, about);
    const random = createRandom(2);
    const champion = await bestShadow(context, lesson, { shadows: 3, epochs: 4, random });
    expect(champion.misfits).toHaveLength(3);
    expect(champion.misfits).toEqual([...champion.misfits].sort((a, b) => a - b));
    // Each began with weights of its own, and the best has gone on from where it was.
    expect(new Set(champion.misfits).size).toBe(3);
    expect(champion.misfit).toBeLessThan(champion.misfits[0]!);
    const { shadows, worstMisfitTried, bestMisfitTried } = (
      await shadow({ ...options, cut: 'conv1', shadows: 2, pictures: 100, epochs: 1 }).run(context)
    ).parameters as Record<string, number>;
    expect([shadows, worstMisfitTried! > bestMisfitTried!]).toEqual([2, true]);
  });

  it('that fits better inverts better', async () => {
    const { ground, psnrOf } = await sceneAt('conv1');
    const context = queryFree(ground);
    const labelled = await context.labelled('same-set');
    const about = { structure: 'known', cut: 'conv1', labelled, alignment: 1, random: createRandom(1) } as const;
    const lesson = await lessonFor(context, about);
    const { inputs } = await labelled.rows(Int32Array.from({ length: 200 }, (_, i) => i));
    const tried: { misfit: number; psnr: number }[] = [];
    for (let i = 0; i < 5; i++) {
      const [weights, random] = [createRandom(10 + i), createRandom(1)];
      const { head } = await fitShadow(context, lesson, { pictures: 1500, weights, random });
      const { traffic } = context;
      const made = await invertShadow({ context: { ...context, head }, traffic, pictures: inputs, iterations: 30 });
      const { misfit } = await judge(context, lesson, head);
      tried.push({ misfit, psnr: mean(psnrOf(made.pictures)) });
    }
    tried.sort((a, b) => a.misfit - b.misfit);
    expect(tried[0]!.psnr).toBeGreaterThan(tried.at(-1)!.psnr);
    expect(tried[0]!.psnr).toBeGreaterThan(mean(tried.map((t) => t.psnr)));
  });

  it('needs labels, and a model that answers with classes', async () => {
    const unlabelled = await sceneAt('conv1', { data: spots({ labelled: false }) });
    await expect(unlabelled.run(shadow(options))).rejects.toMatchObject({ code: 'DATA_UNLABELLED' });
    const b = GraphBuilder.from(chain({ batch: 'n' }));
    b.op('Conv', ['ReLU1', b.initializer(randomTensor([1, 4, 1, 1], createRandom(1)))], {}, 'map');
    b.output('map', 'float32', ['n', 1, 28, 28]);
    const segmenter = await scene({ engine, graph: b.build(), cut: 'ReLU1', data, victims: [0] });
    await expect(segmenter.run(shadow(options))).rejects.toMatchObject({ code: 'SHADOW_UNFIT' });
    const few = await scene({
      engine,
      graph: chain({ batch: 'n' }),
      cut: 'ReLU1',
      data: { ...data, train: { ...data.train, labels: data.train.labels!.map((l) => l + 5) } },
      victims: [0],
    });
    await expect(few.run(shadow(options))).rejects.toThrow(/label 1\d, and the model answers with 10 classes/);
  });
});

/** Mean correlation of pictures with their truth. */
function likeness(pictures: Tensor, truth: Tensor): number {
  const n = truth.shape[0]!;
  const size = truth.data.length / n;
  const centred = (t: Tensor, i: number) => {
    const values = asFloat32(t).subarray(i * size, (i + 1) * size);
    const average = values.reduce((a, b) => a + b, 0) / size;
    const out = values.map((v) => v - average);
    const length = Math.sqrt(out.reduce((a, b) => a + b * b, 0));
    return out.map((v) => v / length);
  };
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const [a, b] = [centred(pictures, i), centred(truth, i)];
    sum += a.reduce((total, v, k) => total + v * b[k]!, 0) / n;
  }
  return sum;
}

describe('the class scores of a tail', () => {
  const tail = (end: (b: GraphBuilder, x: string) => string) => {
    const b = new GraphBuilder(17);
    b.input('x', 'float32', [2, 6]);
    const scores = b.op('MatMul', ['x', b.initializer(randomTensor([6, 3], createRandom(1)))], {}, 'scores');
    b.output(end(b, scores), 'float32', [2, 3]);
    return b.build();
  };
  it('are taken before the softmax or sigmoid that it ends in', async () => {
    const engine = await createEngine({ threads: 1 });
    try {
      const ends = {
        none: (_: GraphBuilder, x: string) => x,
        softmax: (b: GraphBuilder, x: string) => b.op('Identity', [b.op('Softmax', [x], { axis: 1 })]),
        logSoftmax: (b: GraphBuilder, x: string) => b.op('LogSoftmax', [x], { axis: -1 }),
        sigmoid: (b: GraphBuilder, x: string) => b.op('Sigmoid', [x]),
      };
      const kinds: Record<string, string> = {};
      for (const [name, end] of Object.entries(ends)) {
        const answer = classAnswer(await inferShapes(tail(end), engine), 'x');
        expect([name, answer.tail.outputs.map((v) => v.name), answer.classes]).toEqual([name, ['scores'], 3]);
        kinds[name] = answer.kind;
      }
      expect(kinds).toEqual({ none: 'softmax', softmax: 'softmax', logSoftmax: 'softmax', sigmoid: 'sigmoid' });
    } finally {
      await engine.close();
    }
  });
});

describe('heads for who does not know the structure', async () => {
  const engine = await createEngine({ threads: 1 });
  afterAll(() => engine.close());
  const random = createRandom(1);
  const picture = (channels: 1 | 3, side: number, layout: 'NCHW' | 'NHWC' = 'NCHW') => ({
    layout,
    channels,
    height: side,
    width: side,
    mean: Array(channels).fill(0.5),
    std: Array(channels).fill(0.5),
  });
  const seen = (...shapes: number[][]) =>
    Object.fromEntries(shapes.map((shape, i) => [`cut${i}`, randomTensor([2, ...shape], random)]));
  const answer = async (graph: Graph, shape: readonly number[]) => {
    const bound = await inferShapes(bindBatch(graph, 2), engine);
    return runGraph(engine, bound, { [graph.inputs[0]!.name]: randomTensor([2, ...shape], random) });
  };

  it.each([
    ['a map', picture(1, 28), [[8, 24, 24]]],
    ['a map of stride 8', picture(3, 40), [[5, 5, 5]]],
    ['a map of a stride that is no power of two', picture(3, 42), [[6, 3, 3]]],
    ['channels last', picture(3, 16, 'NHWC'), [[8, 8, 7]]],
    ['tokens with one that has no place', picture(3, 32), [[17, 12]]],
    ['a list', picture(1, 28), [[120]]],
    ['several tensors', picture(3, 16), [[4, 16, 16], [6, 8, 8], [10]]],
  ] as const)('are generated for %s', async (_, own, shapes) => {
    const observed = seen(...shapes.map((s) => [...s]));
    const head = generatedHead(seenTensors(observed), own, 'picture', random);
    const row = own.layout === 'NCHW' ? [own.channels, own.height, own.width] : [own.height, own.width, own.channels];
    const out = await answer(head, row);
    for (const [name, t] of Object.entries(observed)) expect([name, out[name]?.shape]).toEqual([name, t.shape]);
  });

  it('are never negative where nothing negative was seen', async () => {
    const observed = { cut: { ...randomTensor([2, 4, 8, 8], random), data: new Float32Array(512).fill(1) } };
    const out = await answer(generatedHead(seenTensors(observed), picture(3, 16), 'picture', random), [3, 16, 16]);
    expect(Math.min(...asFloat32(out.cut))).toBe(0);
  });

  it.each([
    ['conv1', picture(1, 28), [8, 24, 24]],
    ['ReLU2', picture(1, 28), [16, 8, 8]],
    ['conv11', picture(3, 32), [64, 32, 32]],
    ['ReLU22', picture(3, 32), [128, 16, 16]],
  ] as const)('are those of the paper at %s', async (cut, own, shape) => {
    const observed = { [cut]: randomTensor([2, ...shape], random) };
    const out = await answer(paperHead(cut, seenTensors(observed), own, 'picture', random), [
      own.channels,
      own.height,
      own.width,
    ]);
    expect(out[cut]?.shape).toEqual([2, ...shape]);
    expect(() => paperHead('fc1', seenTensors(observed), own, 'picture', random)).toThrow(
      expect.objectContaining({ code: 'SHADOW_UNFIT' }),
    );
  });
});
