import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { GraphBuilder } from '../../../src/model/builder.ts';
import { resolveCut } from '../../../src/model/index.ts';
import { Device, layoutAt } from '../../../src/privacy/audit/device.ts';
import { type Exposure, ExposureMeter } from '../../../src/privacy/audit/exposure.ts';
import { Subject } from '../../../src/privacy/audit/index.ts';
import { compileMechanism } from '../../../src/privacy/mechanisms/index.ts';
import { createRandom } from '../../../src/random.ts';
import { codedNetwork } from '../../support/coded.ts';
import { networks } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { unitPreprocessing } from '../attacks/scene.ts';

const engine = await createEngine({ threads: 1, spinning: false });
afterAll(() => engine.close());

async function meter(test = 60, network = networks.chain.build({ batch: 'n' })) {
  const data = spots({ test });
  const subject = await Subject.open(engine, network, unitPreprocessing(data));
  const exposure = new ExposureMeter(engine, subject, data);
  return (id: string, defense: string): Promise<Exposure> => {
    const cut = resolveCut(subject.cuts, id);
    const mechanism = compileMechanism(defense, layoutAt(subject, cut));
    return exposure.measure(new Device({ engine, subject, cut, mechanism }), createRandom(1).fork(id).fork(defense));
  };
}

describe('exposure', () => {
  it('is dependence between pictures and what is seen: whole at the input, less under noise', async () => {
    const measure = await meter();
    const at = async (cut: string, defense: string) => (await measure(cut, defense)).distanceCorrelation!;
    const [input, deep] = [await at('input', 'none'), await at('fc1act', 'none')];
    expect(input).toMatchObject({ value: expect.closeTo(1, 3), n: 60 });
    expect(deep.value).toBeLessThan(input.value);
    const [some, much] = [await at('ReLU1', 'gauss(sd=1)'), await at('ReLU1', 'gauss(sd=30)')];
    expect(some.value).toBeLessThan((await at('ReLU1', 'none')).value);
    expect(much.value).toBeLessThan(some.value);
    // The plain estimate sees a dependence in noise.
    expect(much.plain).toBeGreaterThan(much.value + 0.3);
  });

  it('has a bound where there is noise, which grows with its square, and none without', async () => {
    const measure = await meter();
    expect(await measure('ReLU1', 'none')).not.toHaveProperty('dfil');
    const at = async (scale: number) => (await measure('ReLU1', `gauss(sd=${scale})`)).dfil!;
    const [one, two] = [await at(0.1), await at(0.2)];
    expect(one).toMatchObject({ method: 'gradients', images: 32, probes: 8 });
    expect(two.mseBound / one.mseBound).toBeCloseTo(4, 0);
    expect(one.low).toBeLessThanOrEqual(one.value);
    expect(one.high).toBeGreaterThanOrEqual(one.value);
    expect(one.mseBound * one.value).toBeCloseTo(1, 9);
  });

  it('of noise on the input is exact, and the same at every cut', async () => {
    const measure = await meter();
    const [early, late] = [
      await measure('conv1', 'input.laplace(scale=0.4)'),
      await measure('fc1', 'input.laplace(scale=0.4)'),
    ];
    // In pixels the noise is .4 × .5.
    expect(early.dfil).toMatchObject({ method: 'exact', mseBound: expect.closeTo(0.04, 9) });
    expect(late.dfil).toEqual(early.dfil);
  });

  it('has a cap in bits where what is sent is discrete, and none elsewhere', async () => {
    const measure = await meter(60, codedNetwork({ bits: 3, channels: 4, size: 28, batch: 'n' }));
    const cap = async (cut: string, defense: string) => (await measure(cut, defense)).bitsCap;
    const elements = 4 * 14 * 14;
    expect(await cap('code', 'none')).toBe(3 * elements);
    expect(await cap('code', 'prefix(channels=1)')).toBe((3 * elements) / 4);
    expect(await cap('bounded', 'none')).toBeUndefined();
    expect(await cap('bounded', 'prefix(channels=1)')).toBeUndefined();
    expect(await cap('code', 'gauss(sd=1)')).toBeUndefined();
    // The ends of the range are two numbers, of the tensor or of each channel.
    expect(await cap('bounded', 'quant(bits=2)')).toBe(2 * elements + 64);
    expect(await cap('bounded', 'quant(bits=2,per=channel)')).toBe(2 * elements + 4 * 64);
    expect(await cap('bounded', 'prefix(channels=2)+quant(bits=2)')).toBe(elements + 64);
    expect(await cap('bounded', 'gauss(sd=1)+quant(bits=2)')).toBe(2 * elements + 64);
    expect(await cap('bounded', 'input.quant(bits=2)')).toBeUndefined();
  });

  it('repeats', async () => {
    const [a, b] = [await meter(), await meter()];
    const spec = 'gauss(sd=0.5)';
    expect(await b('pool1', spec)).toEqual(await a('pool1', spec));
  });

  it('says where a slope is no number, rather than that nothing moves', async () => {
    const b = new GraphBuilder(17);
    b.input('input', 'float32', ['n', 1, 28, 28]);
    // 1/(0·x + 1e-25) has the slope 0·∞, whose float32 is no number.
    const flat = b.op('Add', [b.op('Mul', ['input', b.constant(0)]), b.constant(1e-25)]);
    const steep = b.op('Mul', [b.op('Reciprocal', [flat]), b.constant(1e-25)]);
    b.op('Add', [steep, 'input'], {}, 'act');
    b.op('Flatten', ['act'], {}, 'output');
    b.output('output', 'float32', ['n', 784]);
    const found = await (await meter(40, b.build()))('act', 'gauss(sd=1)');
    expect(found.dfil).toBeUndefined();
    expect(found.omitted).toEqual([
      { metric: 'dfil', reason: expect.stringContaining('no finite number at 32 of 32') },
    ]);
  });

  it('says why it has nothing to say about three pictures', async () => {
    const found = await (await meter(3))('conv1', 'none');
    expect(found.distanceCorrelation).toBeUndefined();
    expect(found.omitted).toEqual([{ metric: 'distanceCorrelation', reason: expect.stringContaining('has 3') }]);
  });
});
