/** A head of the attacker's own that has learnt from the device's answers, and what it gives away. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32 } from '../../../src/model/index.ts';
import {
  type BlackBoxContext,
  type InverseNetworkOptions,
  inverseNetwork,
  remembered,
  type SubstituteOptions,
  substitute,
} from '../../../src/privacy/attacks/index.ts';
import { blackBox } from '../../../src/privacy/audit/knowledge.ts';
import { chain, networks } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { attackContract } from './contract.ts';
import { aboveBlind, scene } from './scene.ts';

/** Two tensors, across a residual: no layer that could be solved for. */
const two = 'b_down_bn+b_relu1';
const decoder: InverseNetworkOptions = {
  cut: two,
  queries: 120,
  data: 'same-set',
  decoder: 'residual',
  loss: 'mse',
  epochs: 4,
  size: { width: 8, blocks: 1 },
};
const options: SubstituteOptions = {
  cut: two,
  queries: 120,
  data: 'same-set',
  structure: 'known',
  inversion: 'rmle',
  epochs: 40,
  rmle: { solver: 'lbfgs', iterations: 40 },
};
const attack = (over: Partial<SubstituteOptions> = {}) => {
  const { cut, queries, data } = { ...options, ...over };
  return substitute(inverseNetwork({ ...decoder, cut, queries, data }), { ...options, ...over });
};

attackContract({
  name: 'substitute',
  how: 'of a layer that it solves for',
  threat: 'black-box',
  make: (batch) => attack({ cut: 'ReLU1', rmle: { solver: 'lbfgs', iterations: 60, lambdaTv: 0, batch } }),
  endless: () => attack({ cut: 'ReLU1', rmle: { solver: 'lbfgs', iterations: 1_000_000, lambdaTv: 1 } }),
  batchTolerance: 0.05,
});

describe('a substitute', async () => {
  const engine = await createEngine({ threads: 1, flushDenormals: true });
  afterAll(() => engine.close());
  const victims = [0, 1, 2, 3];
  const grey = spots({ test: 60, train: 400 });
  const colour = spots({ channels: 3, side: 16, test: 60, train: 400 });
  const sceneAt = (cut: string, over = {}) =>
    scene({ engine, graph: chain({ batch: 'n' }), cut, data: grey, victims, ...over });
  const trained = () =>
    scene({ engine, graph: networks.residual.build({ batch: 'n', seed: 2 }), cut: two, data: colour, victims });
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const unexplained = (found: { parameters: object }) =>
    (found.parameters as { headUnexplained: number }).headUnexplained;

  it.each(['conv1', 'ReLU1'])(
    'of a first layer (%s) is the head itself but for rounding, whatever is known of it',
    async (cut) => {
      const { run, psnrOf } = await sceneAt(cut);
      for (const structure of ['known', 'generated'] as const) {
        const found = await run(attack({ cut, structure, rmle: { solver: 'lbfgs', lambdaTv: 0 } }));
        expect(found.parameters).toMatchObject({ structure: 'least squares', headEpochs: 0 });
        // Behind a ReLU, what has seldom been passed on is known less well.
        expect(unexplained(found)).toBeLessThan(cut === 'conv1' ? 1e-9 : 1e-3);
        expect(Math.min(...psnrOf(found.pictures))).toBeGreaterThan(cut === 'conv1' ? 60 : 30);
      }
    },
  );

  it('is trained where there are more layers than one, and learns more from more answers', async () => {
    const { run, psnrOf } = await trained();
    const few = await run(attack({ queries: 24 }));
    const many = await run(attack({ queries: 300 }));
    expect([few.queries, many.queries]).toEqual([24, 300]);
    expect(many.parameters).toMatchObject({ structure: 'known', inversion: 'rmle', headEpochs: 40 });
    expect(unexplained(many)).toBeLessThan(unexplained(few));
    expect(unexplained(many)).toBeLessThan(0.2);
    expect(mean(psnrOf(many.pictures))).toBeGreaterThan(mean(psnrOf(few.pictures)));
  });

  it('asks about no more pictures than it says', async () => {
    const { ground } = await trained();
    const context = blackBox(ground);
    const asked = new Set<string>();
    const counting: BlackBoxContext = {
      ...context,
      async pairs(count, kind) {
        const pairs = await context.pairs(count, kind);
        const rows = (indices: ArrayLike<number>) => {
          for (const i of Array.from(indices)) asked.add(`${kind} ${i}`);
          return pairs.rows(indices);
        };
        return { count, rows };
      },
    };
    const found = await attack({ inversion: 'auto' }).run(counting);
    expect([found.queries, asked.size]).toEqual([120, 120]);
    asked.clear();
    const blind = await attack({ data: 'gaussian' }).run(counting);
    // What it has learnt from noise it tries on pictures that a program draws.
    expect(asked.size).toBe(blind.queries);
    expect([...asked].filter((q) => q.startsWith('synthetic'))).toHaveLength(12);
  });

  it('does not look at the structure that it is said not to know', async () => {
    const { ground, psnrOf, blind: guess } = await trained();
    const blind: BlackBoxContext = {
      ...blackBox(ground),
      structure: () => Promise.reject(new Error('looked')),
    };
    const found = await attack({ structure: 'generated' }).run(blind);
    expect(found.parameters).toMatchObject({ structure: 'generated' });
    aboveBlind(psnrOf(found.pictures), await guess(), 1);
    await expect(attack().run(blind)).rejects.toThrow('looked');
  });

  it('begins where its own pictures come out best, by answers that nothing has learnt from', async () => {
    const { run } = await trained();
    const inverse = remembered(inverseNetwork(decoder));
    const tried = async (inversion: SubstituteOptions['inversion']) =>
      (await run(substitute(inverse, { ...options, inversion }))).parameters as { inversion: string; ownScore: number };
    const [grey, made, best] = [await tried('rmle'), await tried('hybrid'), await tried('auto')];
    const better = grey.ownScore >= made.ownScore ? grey : made;
    expect([best.inversion, best.ownScore]).toEqual([better.inversion, better.ownScore]);
  });

  it('learns through the defense: noise in the answers makes it believe more in what pictures are like', async () => {
    const [quiet, noisy] = [await sceneAt('conv1'), await sceneAt('conv1', { defense: 'gauss(sd=1)' })];
    const [clear, blurred] = [await quiet.run(attack({ cut: 'conv1' })), await noisy.run(attack({ cut: 'conv1' }))];
    expect(blurred.parameters).toMatchObject({ structure: 'least squares' });
    expect(Number(blurred.parameters.lambda)).toBeGreaterThan(Number(clear.parameters.lambda));
    const believing = mean(noisy.psnrOf(blurred.pictures));
    const naive = await noisy.run(attack({ cut: 'conv1', rmle: { solver: 'lbfgs', iterations: 40, lambdaTv: 0 } }));
    expect(believing).toBeGreaterThan(mean(noisy.psnrOf(naive.pictures)) + 1);
  });

  it('takes the published descent where it is asked for', async () => {
    const { run } = await trained();
    const found = await run(attack({ inversion: 'auto', rmle: { solver: 'adam', iterations: 30, lambdaTv: 0.01 } }));
    expect(found.parameters).toMatchObject({ inversion: 'rmle', solver: 'adam', lambdaTv: 0.01 });
    expect(asFloat32(found.pictures).every(Number.isFinite)).toBe(true);
  });
});
