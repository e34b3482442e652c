/** The bits that a plan promises are kept before anything is sent. */
import { describe, expect, it } from 'vitest';
import { createCodec, type EncodedTensor } from '../../src/broker/index.ts';
import { capCheck } from '../../src/device/cap.ts';
import { createDeviceMechanism } from '../../src/device/release.ts';
import { float32 } from '../../src/model/index.ts';
import type { Plan } from '../../src/plan/index.ts';
import { samplePlan } from '../plan/sample.ts';

const shape = [1, 4, 2, 2];

function checked(change: Partial<Plan>, bitsCap: number | null, bits: number | undefined = 2) {
  const sample = samplePlan();
  const plan = {
    ...sample,
    codec: 'code',
    cut: { id: 'code', tensors: [{ name: 'code', dtype: 'float32', shape, ...(bits && { bits }) }] },
    evidence: sample.evidence.map((e) => ({ ...e, bitsCap })),
    ...change,
  } as Plan;
  const layout = { input: [1, 8, 8], activation: [{ name: 'code', shape: shape.slice(1) }] };
  return capCheck(plan, createDeviceMechanism(plan.defense, layout));
}

async function code(bits: number, channels = 4): Promise<EncodedTensor[]> {
  const values = Float32Array.from({ length: 16 }, (_, i) => (i < 4 * channels ? 1 / 2 ** bits : 0));
  return [await createCodec('code').encode('code', float32(values, shape))];
}

describe('the cap of a plan', () => {
  it('lets a code pass that is as long as was promised, or shorter', async () => {
    const check = checked({}, 32);
    check(await code(2));
    check(await code(1));
    check(await code(2, 3));
  });

  it('refuses a finer code, and a longer one than the prefix of the plan', async () => {
    const finer = await code(3);
    expect(() => checked({}, 32)(finer)).toThrow(
      expect.objectContaining({ code: 'CAP_EXCEEDED', details: expect.objectContaining({ bits: 48, promised: 32 }) }),
    );
    const long = await code(2);
    const prefix = checked({ defense: 'prefix(channels=2)' }, 16);
    expect(() => prefix(long)).toThrow(expect.objectContaining({ code: 'CAP_EXCEEDED' }));
    prefix(await code(2, 2));
  });

  it('holds a code to its levels where the evidence promises nothing', async () => {
    const check = checked({ evidence: [] }, null);
    check(await code(2));
    const finer = await code(8);
    expect(() => check(finer)).toThrow(expect.objectContaining({ code: 'CAP_EXCEEDED' }));
  });

  it.each<[string, Partial<Plan>, number | null, number | undefined]>([
    ['a codec that sends floats', { codec: 'float32' }, 32, 2],
    ['a prefix that is longer', { defense: 'prefix(channels=3)' }, 16, 2],
    ['levels that nobody knows', {}, 32, 0],
    ['noise, which makes no code of it', { defense: 'gauss(sd=1)' }, 32, 2],
    ['rounding to more bits', { codec: 'float32', defense: 'quant(bits=4)' }, 64, 2],
    ['a threshold below', { thresholds: { ...samplePlan().thresholds, maxBits: 31 } }, null, 2],
    [
      'a threshold alone, of what is not discrete',
      { codec: 'float32', thresholds: { ...samplePlan().thresholds, maxBits: 31 } },
      null,
      2,
    ],
  ])('refuses a plan whose promise nothing keeps: %s', (_, change, bitsCap, bits) => {
    expect(() => checked(change, bitsCap, bits)).toThrow(expect.objectContaining({ code: 'PLAN_CAP' }));
  });

  it('takes rounding as it is capped, and a plan that promises nothing', async () => {
    const floats = await createCodec('float32').encode('code', float32(new Float32Array(16), shape));
    checked({ codec: 'float32', defense: 'quant(bits=4)' }, 16 * 4 + 64)([floats]);
    checked({ codec: 'float32' }, null)([floats]);
    const all = { id: 'output', tensors: samplePlan().cut.tensors };
    checked(
      { codec: 'float32', cut: all, tail: null, thresholds: { ...samplePlan().thresholds, maxBits: 1 } },
      null,
    )([]);
  });
});
