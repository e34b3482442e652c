/** How well an attack is tuned does not depend on how many it is judged by: a victim's picture is the same in any company. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, type Tensor } from '../../../src/model/index.ts';
import {
  type Attack,
  deepPrior,
  hybrid,
  type InverseNetworkOptions,
  inverseNetwork,
  latent,
  type Reconstruction,
  rmle,
  shadow,
  substitute,
} from '../../../src/privacy/attacks/index.ts';
import { runAudit, Subject } from '../../../src/privacy/audit/index.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { row, scene, unitPreprocessing } from './scene.ts';

const engine = await createEngine({ threads: 1, flushDenormals: true });
afterAll(() => engine.close());
const data = spots({ test: 100, train: 200 });
const graph = chain({ batch: 'n' });
const cut = 'ReLU1';
const size = { width: 8, blocks: 1 };
const decoder: InverseNetworkOptions = {
  cut,
  queries: 60,
  data: 'same-set',
  decoder: 'residual',
  loss: 'mse',
  epochs: 2,
  size,
};

const aligned = {
  cut,
  data: 'same-set',
  structure: 'known',
  alignment: 'moments',
  shadows: 2,
  pictures: 60,
  epochs: 1,
} as const;

/** Each with what it tunes by itself left to itself. */
const attacks: Readonly<Record<string, () => Attack>> = {
  'rmle, its belief searched': () => rmle({ solver: 'lbfgs', cut, iterations: 20 }),
  'rmle with restarts': () => rmle({ solver: 'lbfgs', cut, iterations: 15, restarts: 2 }),
  'rmle, its λ searched': () => rmle({ solver: 'lbfgs', cut, iterations: 15, formula: 'code' }),
  'rmle with Adam': () => rmle({ solver: 'adam', cut, iterations: 20 }),
  'inverse-network': () => inverseNetwork(decoder),
  hybrid: () => hybrid(inverseNetwork(decoder), { solver: 'lbfgs', cut, iterations: 15 }),
  latent: () =>
    latent({ data: 'same-set', iterations: 12, candidates: 32, training: { pictures: 60, epochs: 1, code: 6 } }),
  // Behind noise it is trained, and begins where its own pictures come out best.
  substitute: () =>
    substitute(inverseNetwork(decoder), {
      cut,
      queries: 60,
      data: 'same-set',
      structure: 'known',
      inversion: 'auto',
      epochs: 2,
      rmle: { solver: 'lbfgs', iterations: 15 },
    }),
  'shadow, inverted by descent': () => shadow({ ...aligned, inversion: 'rmle', iterations: 15 }),
  'shadow, inverted by a decoder': () => shadow({ ...aligned, inversion: 'decoder', iterations: 1, size }),
  'deep-prior': () => deepPrior({ iterations: 12, size: { width: 8, doublings: 2 } }),
};

/** Largest difference between the first pictures. */
function farthest(a: Tensor, b: Tensor): number {
  const [x, y] = [asFloat32(row(a, 0)), asFloat32(row(b, 0))];
  return x.reduce((most, v, i) => Math.max(most, Math.abs(v - y[i]!)), 0);
}

describe.each(Object.entries(attacks))('%s', (_, make) => {
  it.each(['none', 'gauss(sd=0.5)'])(
    'comes to the same picture for one victim, for two and for sixteen (%s)',
    async (defense) => {
      const victims = Array.from({ length: 16 }, (_, i) => i);
      const { ground, run } = await scene({ engine, graph, cut, data, victims, defense });
      const found: Reconstruction[] = [];
      for (const n of [1, 2, 16]) {
        const observed = Object.fromEntries(
          Object.entries(ground.observed).map(([name, t]) => [
            name,
            { ...t, shape: [n, ...t.shape.slice(1)], data: asFloat32(t).slice(0, (t.data.length / 16) * n) },
          ]),
        );
        found.push(await run(make(), { observed }));
      }
      const [one, two, sixteen] = found as [Reconstruction, Reconstruction, Reconstruction];
      expect([farthest(one.pictures, two.pictures), farthest(two.pictures, sixteen.pictures)]).toEqual([0, 0]);
      // What is left over of features is told as a mean over the victims.
      const chosen = ({ parameters: { residual, ...rest } }: Reconstruction) => rest;
      expect([chosen(two), chosen(sixteen)]).toEqual([chosen(one), chosen(one)]);
    },
  );
});

it('an audit gives its first victims the same scores however many come after them', async () => {
  const subject = await Subject.open(engine, graph, unitPreprocessing(data));
  const audit = async (images: number) => {
    const { audit } = await runAudit([engine], subject, data, {
      images,
      seed: 1,
      attacks: ['rmle', 'inverse-network', 'substitute', 'shadow'],
      rmle: { solver: 'lbfgs', iterations: 15 },
      inverseNetwork: { queries: [60], epochs: 1, size, data: 'same-distribution' },
      substitute: { epochs: 1, inversion: 'rmle' },
      shadow: { shadows: 2, pictures: 60, epochs: 1, iterations: 10 },
      cuts: [cut],
      defenses: ['input.laplace(scale=0.1)'],
      gallery: 40,
      modelSha256: 'a'.repeat(64),
    });
    return audit.results.map(({ attack, perImage }) => [attack, perImage.psnr.slice(0, 2)]);
  };
  expect(await audit(16)).toEqual(await audit(2));
});
