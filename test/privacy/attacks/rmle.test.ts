import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, bindBatch, float32, inferShapes } from '../../../src/model/index.ts';
import { type DescentOptions, descend, type RmleOptions, rmle } from '../../../src/privacy/attacks/index.ts';
import { batchThatFits } from '../../../src/privacy/attacks/solvers/chunked.ts';
import { chain, networks } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { attackContract } from './contract.ts';
import { aboveBlind, scene, unitPreprocessing } from './scene.ts';

const cut = 'ReLU1';
const lbfgs: RmleOptions = { solver: 'lbfgs', cut, iterations: 60, lambdaTv: 0 };
const adam: RmleOptions = { solver: 'adam', cut, iterations: 250, lambdaTv: 0, learningRate: 0.02 };

attackContract({
  name: 'rmle',
  how: 'with L-BFGS',
  threat: 'white-box',
  make: (batch) => rmle({ ...lbfgs, batch }),
  endless: () => rmle({ ...lbfgs, cut, iterations: 1_000_000, lambdaTv: 1 }),
  // Another victim beside it changes roundings, and where the last steps lead; a pixel's range is 2.
  batchTolerance: 0.05,
});
attackContract({
  name: 'rmle',
  how: 'with Adam',
  threat: 'white-box',
  make: (batch) => rmle({ ...adam, batch }),
  endless: () => rmle({ ...adam, iterations: 1_000_000 }),
  batchTolerance: 0,
});

describe('rMLE', async () => {
  const engine = await createEngine({ threads: 1, spinning: true, flushDenormals: true });
  afterAll(() => engine.close());
  const grey = spots({ test: 20 });
  const colour = spots({ channels: 3, side: 16, test: 20 });
  const victims = [0, 1, 2];

  it('inverts a first convolution all but exactly', async () => {
    const { context, psnrOf } = await scene({
      engine,
      graph: chain({ batch: 'n' }),
      cut: 'conv1',
      data: grey,
      victims,
    });
    const { pictures } = await rmle({ solver: 'lbfgs', cut: 'conv1', lambdaTv: 0 }).run(context);
    for (const score of psnrOf(pictures)) expect(score).toBeGreaterThan(60);
  });

  it('sees through a cut of two tensors, across a residual', async () => {
    const id = 'b_down_bn+b_relu1';
    const graph = networks.residual.build({ batch: 'n', seed: 2 });
    const s = await scene({ engine, graph, cut: id, data: colour, victims });
    expect(Object.keys(s.context.observed)).toHaveLength(2);
    const options = { solver: 'lbfgs', cut: id, iterations: 150, lambdaTv: 3e-3 } as const;
    const { pictures } = await rmle(options).run(s.context);
    aboveBlind(s.psnrOf(pictures), await s.blind(), 3);
    // Both tensors count: with another picture's second one it is no longer this picture.
    const [first, second] = Object.keys(s.context.observed) as [string, string];
    const other = await scene({ engine, graph, cut: id, data: colour, victims: [5, 6, 7] });
    for (const name of [first, second]) {
      const observed = { ...s.context.observed, [name]: other.context.observed[name]! };
      const mixed = await rmle(options).run({ ...s.context, observed });
      for (const score of s.psnrOf(mixed.pictures)) expect(score).toBeLessThan(22);
    }
  });

  it('attacks networks whose pictures have their channels last', async () => {
    const data = spots({ channels: 3, side: 12, test: 20 });
    const first = 'StatefulPartitionedCall/model/conv2d/BiasAdd:0';
    const preprocessing = { ...unitPreprocessing(data), layout: 'NHWC' as const };
    const graph = networks.kerasStyle.build({ batch: 'n' });
    const s = await scene({ engine, graph, cut: first, data, victims, preprocessing });
    expect(s.truth.shape).toEqual([3, 12, 12, 3]);
    const { pictures } = await rmle({ solver: 'lbfgs', cut: first, iterations: 150, lambdaTv: 0 }).run(s.context);
    expect(pictures.shape).toEqual([3, 12, 12, 3]);
    for (const score of s.psnrOf(pictures)) expect(score).toBeGreaterThan(50);
    // A prior that took rows for channels would smooth colours into each other.
    const smooth = await rmle({ solver: 'lbfgs', cut: first, iterations: 150, lambdaTv: 1e-3 }).run(s.context);
    for (const score of s.psnrOf(smooth.pictures)) expect(score).toBeGreaterThan(30);
  });

  it('takes the picture itself as what was seen, at the input', async () => {
    const { context, psnrOf } = await scene({
      engine,
      graph: chain({ batch: 'n' }),
      cut: 'input',
      data: grey,
      victims,
    });
    const { pictures } = await rmle({ solver: 'lbfgs', cut: 'input', iterations: 50, lambdaTv: 0 }).run(context);
    for (const score of psnrOf(pictures)) expect(score).toBeGreaterThan(60);
  });

  it('is disturbed by noise on the activation, and less so by a better prior', async () => {
    const noisy = await scene({
      engine,
      graph: chain({ batch: 'n' }),
      cut: 'conv1',
      data: grey,
      victims,
      defense: 'gauss(sd=1)',
    });
    const clean = await scene({ engine, graph: chain({ batch: 'n' }), cut: 'conv1', data: grey, victims });
    const run = async (s: typeof noisy, lambdaTv: number | 'auto') =>
      rmle({ solver: 'lbfgs', cut: 'conv1', iterations: 80, lambdaTv }).run(s.context);
    const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    const [plain, chosen, easy] = [await run(noisy, 0), await run(noisy, 'auto'), await run(clean, 'auto')];
    expect(mean(noisy.ssimOf(plain.pictures))).toBeLessThan(0.6);
    expect(mean(noisy.ssimOf(chosen.pictures))).toBeGreaterThan(mean(noisy.ssimOf(plain.pictures)) + 0.1);
    expect(chosen.parameters.lambda).toBeGreaterThan(Number(easy.parameters.lambda));
  });

  it.each(['paper', 'code'] as const)(
    'smooths noise with the total variation of the %s, its λ searched',
    async (formula) => {
      const defense = 'gauss(sd=1)';
      const graph = chain({ batch: 'n' });
      const s = await scene({ engine, graph, cut: 'conv1', data: grey, victims, defense });
      const of = async (lambdaTv: number | 'auto') =>
        rmle({ solver: 'lbfgs', cut: 'conv1', iterations: 60, lambdaTv, formula }).run(s.context);
      const [none, some] = [await of(0), await of('auto')];
      for (const [i, score] of s.ssimOf(some.pictures).entries()) {
        expect(score).toBeGreaterThan(s.ssimOf(none.pictures)[i]! + 0.05);
      }
      expect(some.parameters.lambdaTv).toBeGreaterThan(0);
    },
  );

  it('keeps the lowest of several descents, victim by victim', async () => {
    const { context, psnrOf, blind } = await scene({ engine, graph: chain({ batch: 'n' }), cut, data: grey, victims });
    const of = (restarts: number) => rmle({ solver: 'lbfgs', cut, iterations: 15, restarts }).run(context);
    const [one, three] = [await of(1), await of(3)];
    expect(three.pictures.shape).toEqual(one.pictures.shape);
    aboveBlind(psnrOf(three.pictures), await blind(), 3);
  });

  it('holds pictures that it starts from against the features: they are the centre of what it believes', async () => {
    const s = await scene({ engine, graph: chain({ batch: 'n' }), cut, data: grey, victims });
    const near = float32(
      asFloat32(s.truth).map((v, i) => v + 0.1 * Math.sin(i)),
      s.truth.shape,
    );
    const of = (start: DescentOptions['start']) => descend(s.context, { solver: 'lbfgs', cut, iterations: 3, start });
    const before = s.psnrOf(near);
    for (const [i, score] of s.psnrOf((await of(near)).pictures).entries()) expect(score).toBeGreaterThan(before[i]!);
    // Whoever makes the start from features is asked for the attacker's own pictures, too.
    const asked: number[] = [];
    await of(async (seen) => {
      const n = Object.values(seen)[0]!.shape[0]!;
      asked.push(n);
      return float32(new Float32Array((near.data.length / 3) * n), [n, ...near.shape.slice(1)]);
    });
    expect(asked.some((n) => n > 3)).toBe(true);
    expect(asked.at(-1)).toBe(3);
  });

  it('takes what was published for the cut, unless told otherwise', async () => {
    const { context } = await scene({ engine, graph: chain({ batch: 'n' }), cut: 'conv1', data: grey, victims: [0] });
    const published = await rmle({ solver: 'adam', cut: 'conv1' }).run(context);
    expect(published).toMatchObject({
      iterations: 500,
      parameters: { lambdaTv: 0, learningRate: 0.01, solver: 'adam' },
    });
    const own = await rmle({ solver: 'adam', cut: 'conv1', iterations: 3, lambdaTv: 2, learningRate: 0.5 }).run(
      context,
    );
    expect(own).toMatchObject({ iterations: 3, parameters: { lambdaTv: 2, learningRate: 0.5 } });
    // L-BFGS is not the published solver: it never takes λ from there.
    const other = await rmle({ solver: 'lbfgs', cut: 'fc3', iterations: 2, lambdaTv: 0.5 }).run(context);
    expect(other.parameters).toEqual({ solver: 'lbfgs', lambdaTv: 0.5, lambdaL2: 0 });
  });

  it('takes no more victims at once than memory holds', async () => {
    const one = await inferShapes(bindBatch(chain({ batch: 'n' }), 1), engine);
    expect(batchThatFits(one, 2 ** 31)).toBe(100);
    const values = new Map([...one.values].map(([name, v]) => [name, { ...v, shape: [1, 64, 512, 512] }]));
    expect(batchThatFits({ ...one, values }, 2 ** 31)).toBeLessThan(5);
    expect(() => batchThatFits({ ...one, values }, 2 ** 27)).toThrow(
      expect.objectContaining({ code: 'MEMORY_BUDGET' }),
    );
  });
});
