/** Whoever knows the mechanism never does clearly worse than whoever does not: for every stage there is. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { inverseNetwork, rmle, type WhiteBoxAttack } from '../../../src/privacy/attacks/index.ts';
import { Device, layoutAt } from '../../../src/privacy/audit/device.ts';
import { compileMechanism } from '../../../src/privacy/mechanisms/index.ts';
import { stageKinds } from '../../../src/privacy/mechanisms/stages/index.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { scene } from './scene.ts';

/** Strong enough to be felt on activations of about 1. */
const felt: Readonly<Record<string, readonly string[]>> = {
  clip: ['clip(linf=0.5)'],
  gauss: ['gauss(sd=1)', 'input.gauss(sd=0.5)'],
  laplace: ['laplace(scale=1)'],
  dropout: ['dropout(rate=0.7)', 'dropout(rate=0.5)+gauss(sd=0.3)'],
  topk: ['topk(share=0.1)'],
  prefix: ['prefix(channels=2)'],
  quant: ['quant(bits=1)'],
  blur: ['input.blur(sigma=2)'],
  downscale: ['input.downscale(by=4)'],
};
/** SSIM, mean of the victims: what trials on other pictures may err by. */
const slip = 0.03;

const cut = 'ReLU1';
const victims = [0, 1, 2, 3];

describe('an attacker who knows the mechanism', async () => {
  const engine = await createEngine({ threads: 1, flushDenormals: true });
  afterAll(() => engine.close());
  const graph = chain({ batch: 'n' });
  const data = spots({ train: 300, test: 40 });
  const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;

  /** Mean SSIM of somebody who knows, and of somebody who takes the device for a bare one. */
  async function both(defense: string, attack: WhiteBoxAttack | ReturnType<typeof inverseNetwork>, observations = 1) {
    const s = await scene({ engine, graph, cut, data, victims, defense, observations });
    const { subject } = s.ground;
    const mechanism = compileMechanism('none', layoutAt(subject, s.ground.device.cut));
    const believed = new Device({ engine, subject, cut: s.ground.device.cut, mechanism });
    const [knowing, unaware] = [await s.run(attack), await s.run(attack, { believed })];
    return { knowing: mean(s.ssimOf(knowing.pictures)), unaware: mean(s.ssimOf(unaware.pictures)) };
  }

  it('is tried on every stage', () => {
    expect(Object.keys(felt).sort()).toEqual(stageKinds.map((k) => k.name).sort());
  });

  it.each(Object.values(felt).flat())('descends no worse: %s', { timeout: 180_000 }, async (defense) => {
    const { knowing, unaware } = await both(defense, rmle({ solver: 'lbfgs', cut, iterations: 50 }));
    expect(knowing).toBeGreaterThan(unaware - slip);
  });

  it.each(['gauss(sd=1)', 'dropout(rate=0.7)', 'quant(bits=1)', 'input.gauss(sd=0.5)'])(
    'learns no worse: %s',
    { timeout: 180_000 },
    async (defense) => {
      const options = { decoder: 'residual', loss: 'mse+ssim', data: 'same-set', queries: 200, cut } as const;
      const { knowing, unaware } = await both(defense, inverseNetwork({ ...options, epochs: 6 }));
      expect(knowing).toBeGreaterThan(unaware - slip);
    },
  );
});
