import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { type Graph, GraphBuilder, resolveCut } from '../../../src/model/index.ts';
import { type FeatureScores, FeatureSpace } from '../../../src/privacy/audit/features.ts';
import { Subject } from '../../../src/privacy/audit/index.ts';
import { ModelView } from '../../../src/privacy/audit/model-view.ts';
import { imagesOfSplit, openTruth } from '../../../src/privacy/audit/truth.ts';
import type { Images } from '../../../src/privacy/metrics/index.ts';
import { createRandom } from '../../../src/random.ts';
import { networks } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { unitPreprocessing } from '../attacks/scene.ts';

const engine = await createEngine({ threads: 1, spinning: false });
afterAll(() => engine.close());

const random = createRandom(1);

const firstOf = (images: Images, count: number): Images => ({
  ...images,
  count,
  data: images.data.subarray(0, (images.data.length / images.count) * count),
});

async function space(name: keyof typeof networks, change: (graph: Graph) => Graph = (g) => g) {
  const { build, input } = networks[name];
  const nhwc = name === 'kerasStyle';
  const data = spots({ channels: input[nhwc ? 2 : 0] as 1 | 3, side: input[1], test: 70 });
  const preprocessing = { ...unitPreprocessing(data), layout: nhwc ? ('NHWC' as const) : ('NCHW' as const) };
  const subject = await Subject.open(engine, change(build({ batch: 'n' })), preprocessing);
  const truth = await openTruth(data, subject, { images: 30 });
  const features = new FeatureSpace(engine, subject, truth, (count) =>
    imagesOfSplit(data, truth.indices.slice(0, count)),
  );
  return { truth, features, subject };
}

describe('features of the model', () => {
  it.each([
    ['chain', 'fc1act'],
    ['kerasStyle', 'StatefulPartitionedCall/model/flatten/Reshape:0'],
    ['transformer', 'token'],
    ['residual', undefined],
  ] as const)('are what its last layer reads: %s at %s', async (name, cut) => {
    const { truth, features } = await space(name);
    const found = await features.score(truth.victims, random);
    if (cut) expect(found.featureCosine!.cut).toBe(cut);
    expect(found.featureCosine).toMatchObject({ low: expect.closeTo(1, 5), high: expect.closeTo(1, 5) });
    expect(found.featureReidentification).toMatchObject({ rank1: 1, gallery: 70, chance: 1 / 70 });
    expect(found.labelAgreement).toMatchObject({ share: 1, high: 1 });
    expect(found.labelAgreement!.low).toBeLessThan(0.95);
    expect(found.omitted).toBeUndefined();
  });

  it('tell a guess from the truth, and the guess scores the baseline', async () => {
    const { truth, features } = await space('chain');
    const { victims, baseline } = truth;
    const size = victims.data.length / victims.count;
    const scores: FeatureScores[] = [];
    for (let g = 0; g < baseline.guesses.count; g++) {
      const data = new Float32Array(victims.data.length);
      for (let i = 0; i < victims.count; i++)
        data.set(baseline.guesses.data.subarray(g * size, (g + 1) * size), i * size);
      scores.push(await features.score({ ...victims, data }, random));
    }
    expect(scores).toHaveLength(3);
    const best = (of: (s: FeatureScores) => number) => Math.max(...scores.map(of));
    expect(best((s) => s.featureCosine!.mean)).toBeCloseTo(scores[0]!.featureCosine!.baseline, 5);
    expect(best((s) => s.labelAgreement!.share)).toBeCloseTo(scores[0]!.labelAgreement!.baseline, 12);
    expect(best((s) => s.featureCosine!.mean)).toBeLessThan(0.9999);
    expect(scores[0]!.featureReidentification!.rank1).toBeLessThan(0.1);
  });

  it('are those of each picture, however many are looked at together', async () => {
    const { truth, subject } = await space('chain');
    const view = await ModelView.open(engine, subject);
    const [all, some] = [await view.see(truth.victims), await view.see(firstOf(truth.victims, 3))];
    for (const part of ['features', 'scores'] as const) {
      const [a, b] = [all[part]!, some[part]!];
      expect([a.count, b.count, a.length]).toEqual([30, 3, b.length]);
      b.data.forEach((v, i) => {
        expect(v).toBeCloseTo(a.data[i]!, 5);
      });
    }
  });

  it('are left out with the reason where there are none', async () => {
    const headOf = (graph: Graph, last: string): Graph => {
      const end = graph.nodes.findIndex((n) => n.outputs.includes(last));
      const b = GraphBuilder.from({ ...graph, nodes: graph.nodes.slice(0, end + 1), values: new Map() });
      b.output(last);
      return b.build();
    };
    const outputOf = async (id: string) => {
      const { subject } = await space('chain');
      return resolveCut(subject.cuts, id).tensors[0]!.name;
    };
    const pooled = await outputOf('pool2');
    const maps = await space('chain', (g) => headOf(g, pooled));
    const found = await maps.features.score(maps.truth.victims, random);
    expect(found.labelAgreement).toBeUndefined();
    expect(found.omitted).toEqual([{ metric: 'labelAgreement', reason: expect.stringContaining('[n, classes]') }]);
    expect(found.featureCosine!.cut).toBe('pool1');
    const convolved = await outputOf('conv1');
    const shallow = await space('chain', (g) => headOf(g, convolved));
    const nothing = await shallow.features.score(shallow.truth.victims, random);
    expect(Object.keys(nothing)).toEqual(['omitted']);
    expect(nothing.omitted!.map((o) => o.metric)).toEqual([
      'featureCosine',
      'featureReidentification',
      'labelAgreement',
    ]);
  });
});

describe('the truth', () => {
  it('wants two victims for an interval, and a gallery between the victims and the test split', async () => {
    const { build } = networks.chain;
    const data = spots({ test: 20 });
    const subject = await Subject.open(engine, build({ batch: 'n' }), unitPreprocessing(data));
    await expect(openTruth(data, subject, { images: 1 })).rejects.toMatchObject({ code: 'AUDIT_IMAGES' });
    for (const gallery of [3, 21]) {
      await expect(openTruth(data, subject, { images: 4, gallery })).rejects.toMatchObject({
        code: 'AUDIT_GALLERY',
        message: expect.stringContaining('has 20'),
      });
    }
    const { gallery, indices, victims, inputs } = await openTruth(data, subject, { images: 4, gallery: 9 });
    expect(gallery.count).toBe(9);
    expect(new Set(indices).size).toBe(9);
    expect([victims.count, inputs.shape[0]]).toEqual([4, 4]);
    expect((await openTruth(data, subject, { images: 4 })).gallery.count).toBe(20);
  });
});
