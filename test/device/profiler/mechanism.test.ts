/** A profile says how fast each kind of stage releases, through the agent's own code. */
import { describe, expect, it } from 'vitest';
import { measureMechanisms } from '../../../src/device/profiler/mechanism.ts';
import { createDeviceMechanism } from '../../../src/device/release.ts';
import { float32 } from '../../../src/model/index.ts';
import { compileMechanism, timedSpecs, timedStages } from '../../../src/privacy/mechanisms/index.ts';
import { stageKinds } from '../../../src/privacy/mechanisms/stages/index.ts';
import { profileSchema } from '../../../src/profile/schema.ts';
import { createRandom } from '../../../src/random.ts';

const lastKind = (spec: string) => timedStages(spec).at(-1)!.kind;

describe('the kinds that are timed', () => {
  it('are all stages that there are, each by a mechanism that ends in it', () => {
    for (const spec of timedSpecs)
      expect(compileMechanism(spec).guarantee.kind === 'dp').toBe(lastKind(spec).startsWith('exact-'));
    const kinds = timedSpecs.map(lastKind);
    expect(new Set(kinds).size).toBe(kinds.length);
    for (const { name } of stageKinds) expect(kinds).toContain(name);
    expect(timedStages('input.blur(sigma=2)+clip(l2=1)+gauss(eps=8,delta=1e-5)')).toEqual([
      { kind: 'blur', place: 'input' },
      { kind: 'clip', place: 'activation' },
      { kind: 'exact-gauss', place: 'activation' },
    ]);
  });
});

describe('the profile of mechanisms', () => {
  // Others may take the machine meanwhile.
  it('says about what the agent takes', { retry: 3 }, async () => {
    const speeds = await measureMechanisms();
    expect(Object.keys(speeds)).toEqual(timedSpecs.map(lastKind));
    const { mechanism } = profileSchema.parse({ format: 'cutline.profile/1', name: 'here', mechanism: speeds });
    expect(mechanism).toEqual(speeds);
    // Exact noise takes longer.
    expect(speeds['exact-gauss']!.value).toBeLessThan(speeds.gauss!.value);
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
    expect(predictedMs / measuredMs).toBeGreaterThan(1 / 5);
    expect(predictedMs / measuredMs).toBeLessThan(5);
  });

  it('is stopped', async () => {
    await expect(measureMechanisms(AbortSignal.abort())).rejects.toThrow();
  });
});
