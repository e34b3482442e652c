import { afterAll, describe, expect, it } from 'vitest';
import { measureCompute } from '../../../src/device/profiler/compute.ts';
import { describeMachine } from '../../../src/device/profiler/machine.ts';
import { createEngine } from '../../../src/engine/index.ts';
import { profileSchema } from '../../../src/profile/index.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

describe('profiling this machine', () => {
  it('measures a roofline for every class that the schema accepts', async () => {
    const progress: number[] = [];
    const compute = await measureCompute(engine, {
      threads: 1,
      budgetMs: 5,
      onProgress: (done) => progress.push(done),
    });
    const machine = await describeMachine();
    profileSchema.parse({ format: 'cutline.profile/1', name: 'here', machine, compute });
    // Wide brackets: anything that runs these tests is between a Pi Zero and a big server.
    const dense = compute.classes.conv;
    expect(dense.macsPerS!.value).toBeGreaterThan(1e8);
    expect(dense.macsPerS!.value).toBeLessThan(1e12);
    expect(compute.classes.elementwise.bytesPerS.value).toBeGreaterThan(1e8);
    expect(compute.classes.elementwise.macsPerS).toBeUndefined();
    expect(compute.callOverheadMs.value).toBeGreaterThan(0);
    expect(progress.at(-1)).toBe(progress.length - 1);
    expect(machine.cores).toBeGreaterThan(0);
  });

  it('stops when it is told to', async () => {
    await expect(measureCompute(engine, { threads: 1, signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});
