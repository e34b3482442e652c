import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, bindBatch, float32, inferShapes } from '../../../src/model/index.ts';
import { readAudit } from '../../../src/planner/index.ts';
import { type Audit, Subject } from '../../../src/privacy/audit/index.ts';
import { trainClassifier } from '../../../src/training/index.ts';
import { networks } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { unitPreprocessing } from '../attacks/scene.ts';
import { audit, data, engine, graph, modelSha256 } from './spots-audit.ts';

afterAll(() => engine.close());

/** The document that other programs read, key by key. */
const interval = { mean: z.number(), low: z.number(), high: z.number() };
const group = {
  cut: z.string(),
  defense: z.string(),
  codec: z.literal('float32'),
  threat: z.literal('white-box'),
  attack: z.literal('rmle'),
  observations: z.int().positive(),
  images: z.int().positive(),
  psnr: z.strictObject(interval),
  ssim: z.strictObject({ ...interval, worstDecile: z.number() }),
};
const share = z.number().min(0).max(1);
const identification = {
  rank1: share,
  low: share,
  high: share,
  chance: share,
  gallery: z.int().positive(),
  whole: z.boolean().optional(),
};
const omission = z.strictObject({ metric: z.string(), reason: z.string() });
const each = z.array(z.number()).min(1);
const pair = z.strictObject({ psnr: z.number(), ssim: z.number() });
const victims = z.strictObject({ count: z.int().positive(), sha256: z.string().length(64) });
const schema = z.strictObject({
  format: z.literal('cutline.audit/1'),
  model: z.strictObject({ sha256: z.string().length(64) }),
  results: z.array(
    z.strictObject({
      ...group,
      ssimPaper: z.strictObject(interval),
      msssim: z.strictObject({ ...interval, scales: z.int().min(1).max(5) }),
      mse: z.strictObject(interval),
      baseline: pair,
      gain: z.strictObject({ psnr: z.strictObject(interval), ssim: z.strictObject(interval) }),
      reidentification: z.strictObject(identification),
      perImage: z.strictObject({ psnr: each, ssim: each, ssimPaper: each }),
      featureCosine: z.strictObject({ ...interval, baseline: z.number(), cut: z.string() }).optional(),
      labelAgreement: z.strictObject({ share, low: share, high: share, baseline: share }).optional(),
      featureReidentification: z.strictObject(identification).optional(),
      omitted: z.array(omission).optional(),
      accuracy: z.number().min(0).max(1).nullable(),
      accuracyImages: z.int().min(0),
      utility: z.strictObject({
        accuracy: z.strictObject({ share, low: share, high: share }).nullable(),
        agreement: z.strictObject({ share, low: share, high: share }).nullable(),
        cosine: z.strictObject(interval).nullable(),
      }),
      seconds: z.number().positive(),
      iterations: z.int().positive(),
      budgets: z.strictObject({ iterations: z.int(), restarts: z.int().optional() }),
      usual: z.strictObject({ iterations: z.int() }).optional(),
      settings: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
      parameters: z.record(z.string(), z.union([z.number(), z.string()])),
    }),
  ),
  leakage: z.array(z.strictObject(group)),
  exposure: z.array(
    z.strictObject({
      cut: z.string(),
      defense: z.string(),
      distanceCorrelation: z.strictObject({ value: share, squared: z.number(), plain: share, n: z.int().min(4) }),
      bitsCap: z.int().nonnegative().optional(),
      dfil: z
        .strictObject({
          ...{ value: z.number().positive(), low: z.number(), high: z.number(), mseBound: z.number().positive() },
          ...{ images: z.int(), probes: z.int(), method: z.enum(['exact', 'gradients', 'differences']) },
          holdsFor: z.literal('unbiased estimators, one observation'),
        })
        .optional(),
      omitted: z.array(omission).optional(),
    }),
  ),
  failed: z.array(
    z.strictObject({
      ...{ cut: z.string(), defense: z.string(), codec: z.literal('float32'), threat: z.string() },
      ...{ attack: z.string(), code: z.string(), message: z.string() },
    }),
  ),
  unaudited: z.array(z.strictObject({ cut: z.string(), defense: z.string(), code: z.string(), message: z.string() })),
  data: z.strictObject({ name: z.string(), sha256: z.string().length(64), count: z.int(), victims }),
  seed: z.int(),
});

/** As it is written and read again: JSON knows no NaN. */
const asJson = (a: Audit): unknown => JSON.parse(JSON.stringify(a));

const withoutTime = (a: Audit) => ({ ...a, results: a.results.map((r) => ({ ...r, seconds: 0 })) });

describe('an audit', () => {
  it('is a document of the shape that was promised, and the planner reads it', async () => {
    const { audit: document } = await audit({
      cuts: ['conv1', 'pool2'],
      defenses: ['none', 'input.gauss(sd=0.5)'],
    });
    expect(schema.safeParse(asJson(document)).error).toBeUndefined();
    expect(document.results.map((r) => [r.cut, r.defense])).toEqual([
      ['conv1', 'none'],
      ['conv1', 'input.gauss(sd=0.5)'],
      ['pool2', 'none'],
      ['pool2', 'input.gauss(sd=0.5)'],
    ]);
    expect(document.leakage).toHaveLength(4);
    expect(document.exposure.map((e) => [e.cut, e.defense])).toEqual(document.results.map((r) => [r.cut, r.defense]));
    expect(document.exposure.map((e) => e.dfil?.method)).toEqual([undefined, 'exact', undefined, 'exact']);
    expect(document.results[0]).toMatchObject({ labelAgreement: { share: 1 }, featureReidentification: { rank1: 1 } });
    expect(document.results[0]!.featureCosine!.mean).toBeGreaterThan(document.results[0]!.featureCosine!.baseline);
    const dir = await mkdtemp(join(tmpdir(), 'cutline-audit-'));
    try {
      const path = join(dir, 'audit.json');
      await writeFile(path, JSON.stringify(document));
      const found = await readAudit(path, modelSha256);
      expect(found.leakage.map((l) => [l.cut, l.defense])).toEqual(document.leakage.map((l) => [l.cut, l.defense]));
      expect(found.leakage.map((l) => l.ssim.high)).toEqual(document.leakage.map((l) => l.ssim.high));
      await expect(readAudit(path, 'b'.repeat(64))).rejects.toMatchObject({ code: 'AUDIT_OTHER_MODEL' });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('says the same however many candidates are under way at a time', async () => {
    const second = await createEngine({ threads: 2, flushDenormals: true });
    try {
      const change = { cuts: ['conv1', 'conv2', 'pool2'], images: 3, attacks: ['rmle', 'inverse-network'] } as const;
      const settings = {
        ...change,
        inverseNetwork: { queries: [40], epochs: 1 },
        rmle: { solver: 'lbfgs', iterations: 10 },
      } as const;
      const one = await audit(settings);
      const two = await audit(settings, graph, data, [engine, second]);
      expect(withoutTime(two.audit)).toEqual(withoutTime(one.audit));
    } finally {
      await second.close();
    }
  });

  it('says the same for a seed, time apart, and something else for another where chance plays', async () => {
    const change = {
      defenses: ['none', 'laplace(scale=0.5x)'],
      rmle: { solver: 'lbfgs', iterations: 20 },
    } as const;
    const [first, again, other] = [await audit(change), await audit(change), await audit({ ...change, seed: 2 })];
    expect(withoutTime(again.audit)).toEqual(withoutTime(first.audit));
    expect(other.audit.results[1]!.ssim.mean).not.toBe(first.audit.results[1]!.ssim.mean);
  });

  it('does not depend on what else is audited', async () => {
    const defenses = ['gauss(sd=0.3)'];
    const alone = await audit({ cuts: ['ReLU1'], defenses });
    const among = await audit({ cuts: ['conv1', 'ReLU1'], defenses: ['none', ...defenses] });
    expect(withoutTime(among.audit).results.at(-1)).toEqual(withoutTime(alone.audit).results[0]);
  });

  it('attacks pictures of the test split, one of each label in turn', async () => {
    const asked: number[][] = [];
    const test = {
      ...data.test,
      pixels: (indices: readonly number[]) => {
        asked.push([...indices]);
        return data.test.pixels(indices);
      },
    };
    const { auditor } = await audit({ images: 12 }, graph, { ...data, test });
    const labels = asked[0]!.map((i) => data.test.labels![i]);
    expect(labels).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    const pixels = await data.test.pixels(asked[0]!);
    expect([...auditor.truth.victims.data.slice(0, 50)]).toEqual(
      [...pixels.data.slice(0, 50)].map((byte) => Math.fround(byte / 255)),
    );
    expect(auditor.truth.gallery.count).toBe(60);
  });

  it('has a first convolution wide open: the pictures themselves, each told from all others', async () => {
    const { audit: document, cells } = await audit({ rmle: { solver: 'lbfgs', lambdaTv: 0 } });
    const [r] = document.results;
    expect(r!.psnr.mean).toBeGreaterThan(60);
    expect(r!.ssim.low).toBeGreaterThan(0.99);
    expect(r!.reidentification).toMatchObject({ rank1: 1, high: 1, chance: 1 / 60, gallery: 60 });
    expect(r!.gain.psnr.mean).toBeCloseTo(r!.psnr.mean - r!.baseline.psnr, 9);
    expect(r!.gain.ssim.mean).toBeCloseTo(r!.ssim.mean - r!.baseline.ssim, 9);
    expect(r!.gain.ssim.low).toBeGreaterThan(0);
    expect(r!.perImage.psnr).toHaveLength(4);
    expect(cells[0]!.pictures!.count).toBe(4);
  });

  it('finds the picture itself at the input', async () => {
    const { audit: document } = await audit({ cuts: ['input'] });
    expect(document.results[0]).toMatchObject({ cut: 'input' });
    expect(document.results[0]!.ssim.mean).toBeGreaterThan(0.999);
  });

  it('leaves input and output out unless they are named', async () => {
    const { audit: document } = await audit({
      cuts: undefined,
      images: 2,
      rmle: { solver: 'lbfgs', iterations: 2, lambdaTv: 0 },
    });
    const cuts = document.results.map((r) => r.cut);
    expect(cuts).toContain('conv1');
    expect(cuts).not.toContain('input');
    expect(cuts).not.toContain('output');
  });
});

describe('noise under audit', async () => {
  const { graph: trained, testAccuracy } = await trainClassifier(engine, data, {
    network: 'lenet',
    epochs: 5,
    batch: 20,
    learningRate: 3e-3,
    halveEvery: 20,
    augmentShift: 0,
    seed: 1,
  });

  it('costs the attacker similarity and the model accuracy, both measured', async () => {
    const defenses = ['none', 'gauss(sd=1x)', 'gauss(sd=20x)'];
    const rmle = { solver: 'lbfgs', iterations: 40 } as const;
    const { audit: document } = await audit({ cuts: ['ReLU1'], defenses, rmle }, trained);
    const [clean, some, much] = document.results;
    expect(clean!.ssim.mean).toBeGreaterThan(some!.ssim.mean + 0.05);
    expect(some!.ssim.mean).toBeGreaterThan(much!.ssim.mean);
    // The same sixty pictures, counted by the training: head, tail and all between are the model.
    expect(clean!.accuracy).toBe(testAccuracy);
    expect(testAccuracy).toBeGreaterThan(0.8);
    expect(much!.accuracy!).toBeLessThan(clean!.accuracy! - 0.3);
    expect(clean!.accuracyImages).toBe(60);
  });

  it('is written in absolute numbers, however it was asked for', async () => {
    const rmle = { solver: 'lbfgs', iterations: 3, lambdaTv: 0 } as const;
    const scaleOf = async (spec: string, cut: string) => {
      const { audit: document } = await audit({ cuts: [cut], defenses: [spec], rmle }, trained);
      const [, scale] = /=([\d.e-]+)\)$/.exec(document.results[0]!.defense)!;
      expect(document.leakage[0]!.defense).toBe(document.results[0]!.defense);
      return Number(scale);
    };
    const [half, whole] = [await scaleOf('gauss(sd=0.5x)', 'ReLU1'), await scaleOf('gauss(sd=1x)', 'ReLU1')];
    expect(whole / half).toBeCloseTo(2, 2);
    // On the input the cut does not matter; the root mean square of these pictures is that of dark ones, near −0.7.
    const [here, there] = [
      await scaleOf('input.laplace(scale=1x)', 'ReLU1'),
      await scaleOf('input.laplace(scale=1x)', 'fc1'),
    ];
    expect(here).toBe(there);
    expect(here).toBeGreaterThan(0.5);
    expect(here).toBeLessThan(1);
  });
});

describe('an audit of other models and data', () => {
  it('knows no accuracy without labels, and takes victims in file order', async () => {
    const { audit: document } = await audit({}, graph, spots({ labelled: false, train: 30, test: 12 }));
    expect(document.results[0]).toMatchObject({ accuracy: null, accuracyImages: 0 });
    expect(schema.safeParse(asJson(document)).success).toBe(true);
  });

  it.each(['chain', 'residual', 'shuffle'] as const)(
    'says of an export with batch 1 what it says of a symbolic one: %s',
    async (name) => {
      const { build, input } = networks[name];
      const pictures = spots({ channels: input[0] as 1 | 3, side: input[1], test: 40 });
      const first = name === 'chain' ? 'conv1' : 'conv0';
      const change = { cuts: [first], defenses: ['none', 'gauss(sd=0.2)'] };
      const fixed = await audit(change, build({ batch: 1 }), pictures);
      const symbolic = await audit(change, build({ batch: 'n' }), pictures);
      expect(withoutTime(fixed.audit)).toEqual(withoutTime(symbolic.audit));
    },
  );

  it('goes round cuts beyond attack and says why, but not where they were named', async () => {
    const broken = {
      ...graph,
      nodes: graph.nodes.map((n) => (n.name === 'ReLU2' ? { ...n, op: 'RandomNormalLike' } : n)),
    };
    const rmle = { solver: 'lbfgs', iterations: 2, lambdaTv: 0 } as const;
    const { audit: document } = await audit({ cuts: undefined, images: 2, rmle }, broken);
    expect(document.results.map((r) => r.cut)).toEqual(['conv1', 'ReLU1', 'pool1', 'conv2']);
    expect(document.unaudited.map((u) => u.cut)).toEqual(expect.arrayContaining(['ReLU2', 'fc1act']));
    expect(document.unaudited[0]).toMatchObject({ code: 'NO_GRADIENT_RULE', defense: 'none' });
    expect(document.leakage.every((l) => document.results.some((r) => r.cut === l.cut))).toBe(true);
    expect(schema.safeParse(asJson(document)).success).toBe(true);
    await expect(audit({ cuts: ['conv1', 'ReLU2'], images: 2, rmle }, broken)).rejects.toMatchObject({
      code: 'NO_GRADIENT_RULE',
    });
  });

  it('says so where weights are no numbers', async () => {
    const w = graph.initializers.get('conv1.weight')!;
    const bad = float32(Float32Array.from(asFloat32(w)).fill(Number.NaN, 3, 4), w.shape);
    const broken = { ...graph, initializers: new Map([...graph.initializers, ['conv1.weight', bad]]) };
    const refusal = { code: 'ACTIVATION_NOT_FINITE', message: expect.stringContaining('conv1') };
    await expect(audit({}, broken)).rejects.toMatchObject(refusal);
    await expect(audit({ cuts: undefined }, broken)).rejects.toMatchObject(refusal);
  });

  it('refuses a slip of the pen before anything is attacked', async () => {
    let cells = 0;
    const onCell = () => void cells++;
    await expect(audit({ cuts: ['conv1', 'conv3'], onCell })).rejects.toMatchObject({
      code: 'CUT_NOT_FOUND',
      message: expect.stringMatching(/Near ones: conv1, conv2/),
    });
    for (const wrong of ['gauss(sd=0)', 'fog', 'gauss(sd=x)']) {
      await expect(audit({ defenses: ['none', wrong], onCell })).rejects.toMatchObject({ code: 'DEFENSE_SPEC' });
    }
    expect(cells).toBe(0);
  });

  it('refuses more victims than there are, and a search for λ without pictures to search on', async () => {
    await expect(audit({ images: 61 })).rejects.toMatchObject({ code: 'DATA_TOO_FEW' });
    await expect(audit({ images: 1 })).rejects.toMatchObject({ code: 'AUDIT_IMAGES' });
    await expect(audit({ gallery: 61 })).rejects.toMatchObject({ code: 'AUDIT_GALLERY' });
    const rmle = { solver: 'lbfgs', iterations: 2 } as const;
    for (const train of [0, 2]) {
      await expect(audit({ rmle }, graph, spots({ train }))).rejects.toMatchObject({
        code: 'DATA_TOO_FEW',
        message: expect.stringContaining(`training split has ${train}`),
      });
    }
    await expect(audit({ defenses: ['gauss(sd=1x)'] }, graph, spots({ train: 0 }))).rejects.toMatchObject({
      code: 'DATA_TOO_FEW',
    });
    // With λ given nothing has to be searched, nor calibrated.
    expect((await audit({}, graph, spots({ train: 0 }))).audit.results).toHaveLength(1);
  });

  it.each([
    ['channels', { channels: 3 as const, mean: [0, 0, 0], std: [1, 1, 1] }],
    ['size', { height: 32, width: 32 }],
    ['layout', { layout: 'NHWC' as const }],
  ])('refuses a model card of the wrong %s', async (_, change) => {
    const wrong = { ...unitPreprocessing(data), ...change };
    await expect(Subject.open(engine, graph, wrong)).rejects.toMatchObject({
      code: 'AUDIT_INPUT',
      message: expect.stringContaining('input float32 [1,1,28,28]'),
    });
  });

  it('stops when told to, between attacks and within them', async () => {
    const controller = new AbortController();
    const onCell = () => controller.abort();
    const rmle = { solver: 'lbfgs', iterations: 5, lambdaTv: 0 } as const;
    await expect(audit({ cuts: ['conv1', 'ReLU1'], signal: controller.signal, onCell, rmle })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await expect(audit({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('tells how far it is, over all cuts and defenses', async () => {
    const shares: number[] = [];
    await audit({
      cuts: ['conv1', 'ReLU1'],
      defenses: ['none', 'gauss(sd=0.1)'],
      rmle: { solver: 'lbfgs', iterations: 5, lambdaTv: 0 },
      onProgress: ({ done }) => shares.push(done),
    });
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares[0]).toBe(0);
    expect(shares.at(-1)).toBeCloseTo(1, 9);
  });
});

it('cuts are found once for all batches', async () => {
  const one = await inferShapes(bindBatch(graph, 1), engine);
  const subject = await Subject.open(engine, graph, unitPreprocessing(data));
  expect((await subject.whole(1)).nodes).toEqual(one.nodes);
  expect(await subject.whole(5)).toBe(await subject.whole(5));
});
