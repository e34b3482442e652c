/** Attacks with a prior: an untrained decoder, and a generator that has learnt what pictures look like. */
import { afterAll, describe, expect, it } from 'vitest';
import { unitPixels } from '../../../src/data/index.ts';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, float32, type Graph, GraphBuilder } from '../../../src/model/index.ts';
import { type Attack, deepPrior, latent, rmle } from '../../../src/privacy/attacks/index.ts';
import { createRandom } from '../../../src/random.ts';
import { defaultAutoencoder, trainAutoencoder } from '../../../src/training/index.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { attackContract } from './contract.ts';
import { scene } from './scene.ts';

const engine = await createEngine({ threads: 1, spinning: true, flushDenormals: true });
afterAll(() => engine.close());
const data = spots({ test: 40, train: 400 });

/** Pixels in [0, 1] out of eight numbers. */
const learnt = await (async () => {
  const plan = defaultAutoencoder(data, data.train.count);
  const { decoder } = await trainAutoencoder(
    engine,
    {
      count: data.train.count,
      async rows(indices) {
        const pixels = await data.train.pixels([...indices]);
        return float32(unitPixels(pixels), [indices.length, 1, 28, 28]);
      },
    },
    { ...plan, size: { ...plan.size, code: 8, channelsInside: 16 }, epochs: 12, random: createRandom(1) },
  );
  return decoder;
})();
const unit = { layout: 'NCHW', mean: [0], std: [1] } as const;
const given = { graph: learnt, scale: unit };

const small = { width: 8, doublings: 2 };
attackContract({
  name: 'deep-prior',
  threat: 'white-box',
  make: (batch) => deepPrior({ iterations: 40, size: small, batch }),
  endless: () => deepPrior({ iterations: 1_000_000, size: small }),
  batchTolerance: 0.15,
});

attackContract({
  name: 'latent',
  how: 'in the codes of a generator',
  threat: 'white-box',
  make: (batch) => latent({ generator: given, data: 'same-set', iterations: 40, candidates: 64, batch }),
  endless: () => latent({ generator: given, data: 'same-set', iterations: 1_000_000, candidates: 64 }),
  batchTolerance: 0.05,
});

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const sceneAt = (over = {}) =>
  scene({ engine, graph: chain({ batch: 'n' }), cut: 'ReLU1', data, victims: [0, 1, 2], ...over });

describe('a learned prior', () => {
  const options = { generator: given, data: 'same-set', iterations: 60, candidates: 64 } as const;

  it('finds pictures where features are too few for pixels', async () => {
    const { run, psnrOf } = await sceneAt({ cut: 'fc1' });
    const pixels = await run(rmle({ solver: 'lbfgs', cut: 'fc1', iterations: 60, lambdaTv: 0.001 }));
    const codes = await run(latent(options));
    expect(mean(psnrOf(codes.pictures))).toBeGreaterThan(mean(psnrOf(pixels.pictures)) + 1);
  });

  it('says how likely a code is where noise says little', async () => {
    const { run, psnrOf, blind } = await sceneAt({ defense: 'gauss(sd=3)' });
    const codes = await run(latent(options));
    // A picture of a wrong place, or of no place, scores less.
    expect(mean(psnrOf(codes.pictures))).toBeGreaterThan(mean(await blind()) + 2);
  });

  it('is trained on pictures of the attacker’s own where none is given', async () => {
    const { run, psnrOf, blind } = await sceneAt();
    const training = { pictures: 200, epochs: 6, code: 8 };
    const found = await run(latent({ ...options, generator: undefined, training }));
    expect(found.parameters.generator).toBe('autoencoder same-set');
    expect(mean(psnrOf(found.pictures))).toBeGreaterThan(mean(await blind()) + 2);
  });

  it('can be left again: rMLE goes on in pixels', async () => {
    const { run, psnrOf } = await sceneAt();
    const held = await run(latent(options));
    const freed = await run(
      latent({ ...options, release: { solver: 'lbfgs', cut: 'ReLU1', iterations: 100, lambdaTv: 0 } }),
    );
    expect(mean(psnrOf(freed.pictures))).toBeGreaterThan(mean(psnrOf(held.pictures)));
    expect(freed.iterations).toBeGreaterThan(held.iterations);
  });

  it('gives the same pictures however the generator writes them', async () => {
    const { run } = await sceneAt();
    const plain = await run(latent(options));
    // Network inputs here are (pixel − 0.5) / 0.5.
    const inputs = await run(latent({ ...options, generator: { graph: appended(learnt, 2, -1) } }));
    const difference = asFloat32(plain.pictures).map((v, i) => Math.abs(v - asFloat32(inputs.pictures)[i]!));
    expect(Math.max(...difference)).toBeLessThan(0.02);
  });

  const attackWith = async (graph: Graph): Promise<unknown> => {
    const attack: Attack = latent({ ...options, generator: { graph } });
    return (await sceneAt()).run(attack).catch((error: unknown) => error);
  };

  it('refuses a generator that makes no picture of the network’s size, and says what it makes', async () => {
    const b = new GraphBuilder(17);
    b.input('z', 'float32', ['n', 4]);
    b.output(b.op('Sigmoid', ['z'], {}, 'y'), 'float32', ['n', 4]);
    const error = await attackWith(b.build('wrong'));
    expect(error).toMatchObject({ code: 'GENERATOR_UNFIT' });
    expect(String(error)).toMatch(/makes y float32 \[2,4\].*\[n,1,28,28\]/s);
  });

  it('refuses a generator that takes more than a code', async () => {
    const b = GraphBuilder.from(learnt);
    b.input('label', 'int64', ['batch']);
    b.output('pixels', 'float32', ['batch', 1, 28, 28]);
    expect(await attackWith(b.build('conditional'))).toMatchObject({ code: 'GENERATOR_UNFIT' });
  });

  it('takes a generator whose names are those of the network', async () => {
    const { run } = await sceneAt();
    const plain = await run(latent(options));
    const other = await run(latent({ ...options, generator: { ...given, graph: named(learnt, 'up', 'ReLU1') } }));
    expect(asFloat32(other.pictures)).toEqual(asFloat32(plain.pictures));
  });
});

describe('an untrained prior', () => {
  it('knows more of pictures than total variation does', async () => {
    const { run, psnrOf } = await sceneAt({ cut: 'pool1' });
    const pixels = await run(rmle({ solver: 'lbfgs', cut: 'pool1', iterations: 60, lambdaTv: 0 }));
    const weights = await run(deepPrior({ iterations: 60, size: small }));
    expect(mean(psnrOf(weights.pictures))).toBeGreaterThan(mean(psnrOf(pixels.pictures)));
  });

  it('keeps the better of two beginnings without seeing the truth', async () => {
    const { run } = await sceneAt();
    const one = await run(deepPrior({ iterations: 30, size: small, restarts: 1 }));
    const two = await run(deepPrior({ iterations: 180, size: small, restarts: 2 }));
    expect(Number(two.parameters.residual)).toBeLessThan(Number(one.parameters.residual));
  });

  it('can be followed by Adam', async () => {
    const { run, psnrOf, blind } = await sceneAt();
    const found = await run(deepPrior({ solver: 'adam', iterations: 200, learningRate: 0.05, size: small }));
    expect(mean(psnrOf(found.pictures))).toBeGreaterThan(mean(await blind()) + 2);
  });
});

/** times · output + plus. */
function appended(graph: Graph, times: number, plus: number): Graph {
  const b = GraphBuilder.from(graph);
  const scaled = b.op('Mul', [graph.outputs[0]!.name, b.constant(times)]);
  b.output(b.op('Add', [scaled, b.constant(plus)], {}, 'inputs'), 'float32', graph.outputs[0]!.shape);
  return b.build('inputs');
}

/** One tensor of the graph by another name. */
function named(graph: Graph, from: string, to: string): Graph {
  const name = (old: string) => (old === from ? to : old);
  const nodes = graph.nodes.map((n) => ({ ...n, inputs: n.inputs.map(name), outputs: n.outputs.map(name) }));
  return { ...graph, nodes };
}
