import { afterEach, describe, expect, it } from 'vitest';
import { createDeviceMechanism, type DeviceMechanism } from '../../src/device/release.ts';
import { asFloat32, float32, int64, type Tensors } from '../../src/model/tensor.ts';

let open: DeviceMechanism | undefined;
afterEach(() => open?.close());

const made = (spec: string, elements: number) => {
  open = createDeviceMechanism(spec, { input: [3], activation: [{ name: 'a', shape: [elements] }] });
  return open;
};
const zeros = (elements: number): Tensors => ({ a: float32(new Float32Array(elements), [1, elements]) });

describe('the mechanism of a device', () => {
  it('acts where it says, and hands through what it does not touch', async () => {
    const mechanism = made('gauss(sd=1)', 10);
    const [x, a] = [{ x: float32([1, 2, 3], [1, 3]) }, zeros(10)];
    expect(await mechanism.input(x)).toBe(x);
    const sent = await mechanism.activation(a);
    expect(asFloat32(sent.a).every((v) => v !== 0)).toBe(true);
    expect(asFloat32(a.a).every((v) => v === 0)).toBe(true);
  });

  it.each([100, 200_000])('releases %i elements, different every time', async (elements) => {
    const mechanism = made('gauss(sd=2)', elements);
    const [first, second] = [await mechanism.activation(zeros(elements)), await mechanism.activation(zeros(elements))];
    expect(first.a!.shape).toEqual([1, elements]);
    expect(first).not.toEqual(second);
    const power = asFloat32(first.a).reduce((sum, v) => sum + v * v, 0) / elements;
    expect(Math.abs(Math.sqrt(power) - 2)).toBeLessThan(elements < 1000 ? 0.8 : 0.05);
  });

  it('leaves the event loop alone where there is much to release', async () => {
    const elements = 30_000;
    const mechanism = made('clip(l2=1)+gauss(eps=8,delta=1e-5)', elements);
    await mechanism.activation(zeros(elements));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await Promise.all([mechanism.activation(zeros(elements)), mechanism.activation(zeros(elements))]);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(2);
  });

  it('refuses what is no float32 wherever it is released', async () => {
    for (const elements of [10, 200_000]) {
      const mechanism = made('gauss(sd=1)', elements);
      await expect(mechanism.activation({ a: int64([1]) })).rejects.toThrow(/float32/);
    }
  });
});
