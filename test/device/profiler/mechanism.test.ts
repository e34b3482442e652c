/** A profile says how fast each kind of stage releases, through the agent's own code. */
import { describe, expect, it } from 'vitest';
import { measureMechanisms } from '../../../src/device/profiler/mechanism.ts';
import { createDeviceMechanism } from '../../../src/device/release.ts';
import { float32 } from '../../../src/model/index.ts';
import { compileMechanism, timedSpecs, timedStages } from '../../../src/privacy/mechanisms/index.ts';
import { stageKinds } from '../../../src/privacy/mechanisms/stages/index.ts';
import { profileSchema } from '../../../src/profile/schema.ts';
import { createRandom } from '../../../src/random.ts';

describe('the kinds that are timed', () => {
  it('are all stages that there are, each by a mechanism that ends in it', () => {
    for (const [kind, spec] of Object.entries(timedSpecs)) {
      expect(timedStages(spec).at(-1)!.kind).toBe(kind);
      expect(() => compileMechanism(spec)).not.toThrow();
      expect(compileMechanism(spec).guarantee.kind === 'dp').toBe(kind.startsWith('exact-'));
    }
    for (const { name } of stageKinds) expect(timedSpecs).toHaveProperty(name);
    expect(timedStages('input.blur(sigma=2)+clip(l2=1)+gauss(eps=8,delta=1e-5)')).toEqual([
      { kind: 'blur', place: 'input' },
      { kind: 'clip', place: 'activation' },
      { kind: 'exact-gauss', place: 'activation' },
    ]);
  });
});

describe('the profile of mechanisms', () => {
  it('says about what the agent takes', async () => {
    const speeds = await measureMechanisms();
    expect(Object.keys(speeds)).toEqual(Object.keys(timedSpecs));
    const { mechanism } = profileSchema.parse({ format: 'cutline.profile/1', name: 'here', mechanism: speeds });
    expect(mechanism).toEqual(speeds);
    // Exact noise is another thing.
    expect(speeds['exact-gauss']!.value).toBeLessThan(speeds.gauss!.value / 5);
    const shape = [64, 56, 56];
    const elements = 64 * 56 * 56;
    const agent = createDeviceMechanism('gauss(sd=1)', { input: [1], activation: [{ name: 'a', shape }] });
    const times: number[] = [];
    for (let i = 0; i < 6; i++) {
      const a = float32(createRandom(i).fillNormal(new Float32Array(elements)), [1, ...shape]);
      const began = performance.now();
      await agent.activation({ a });
      times.push(performance.now() - began);
    }
    await agent.close();
    const measuredMs = Math.min(...times.slice(1));
    const predictedMs = (1000 * elements) / speeds.gauss!.value;
    expect(predictedMs / measuredMs).toBeGreaterThan(1 / 4);
    expect(predictedMs / measuredMs).toBeLessThan(4);
  });

  it('is stopped', async () => {
    await expect(measureMechanisms(AbortSignal.abort())).rejects.toThrow();
  });
});
