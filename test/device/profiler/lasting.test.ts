/** Memory of a process with a network, speed that lasts, energy of an inference: what the machine does, measured. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { PowerMeter } from '../../../src/device/power/index.ts';
import { measureEnergy } from '../../../src/device/profiler/power.ts';
import { measureResident, memoryWarning } from '../../../src/device/profiler/resident.ts';
import { measureSustained, readGovernor, readPowerMode } from '../../../src/device/profiler/sustained.ts';
import { createEngine } from '../../../src/engine/index.ts';
import { float32, GraphBuilder } from '../../../src/model/index.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());
const command = resolve(import.meta.dirname, '../../../dist/cli/main.js');

function product(size: number) {
  const b = new GraphBuilder();
  const weights = b.initializer(float32(new Float32Array(size * size).fill(1 / size), [size, size]));
  b.op('MatMul', [b.input('x', 'float32', [1, size]), weights], {}, 'y');
  b.output('y', 'float32', [1, size]);
  return { graph: b.build(), feeds: { x: float32(new Float32Array(size), [1, size]) } };
}

describe('resident memory', () => {
  it('grows by the weights of a network', async () => {
    const { graph } = product(3000);
    const { bytes, emptyBytes } = await measureResident(graph, { command, threads: 1 });
    const weights = 4 * 3000 * 3000;
    expect(bytes.value - emptyBytes.value).toBeGreaterThan(weights);
    expect(bytes.value - emptyBytes.value).toBeLessThan(20 * weights);
    expect(emptyBytes.value).toBeGreaterThan(20e6);
  }, 30_000);

  it('is held against what the machine has', () => {
    expect(memoryWarning(500e6, 512e6, 'net')).toMatch(/net took 477 MB of this machine's 488/);
    expect(memoryWarning(100e6, 512e6, 'net')).toBeUndefined();
  });
});

describe('speed that lasts', () => {
  it('is a ratio of the end to the beginning', async () => {
    const { value, note } = await measureSustained(engine, { durationMs: 600 });
    expect(value).toBeGreaterThan(0.05);
    expect(value).toBeLessThan(20);
    expect(note).toMatch(/0.6 s/);
  });

  it('says the governor and the power mode where there are any', async () => {
    const root = await mkdtemp(join(tmpdir(), 'cutline-root-'));
    try {
      expect(await readGovernor(root)).toBeUndefined();
      expect(await readPowerMode(root)).toBeUndefined();
      const cpufreq = join(root, 'devices/system/cpu/cpu0/cpufreq');
      await mkdir(cpufreq, { recursive: true });
      await writeFile(join(cpufreq, 'scaling_governor'), 'ondemand\n');
      await mkdir(join(root, 'var/lib/nvpmodel'), { recursive: true });
      await writeFile(join(root, 'var/lib/nvpmodel/status'), 'pmode:0001\n');
      expect(await readGovernor(root)).toBe('ondemand');
      expect(await readPowerMode(root)).toBe('nvpmodel 1');
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

describe('energy of an inference', () => {
  /** Five watts, whatever runs. */
  const meter: PowerMeter = {
    name: 'even',
    source: 'measured',
    covers: 'all',
    intervalMs: 10,
    async start() {
      const startMs = performance.now();
      return {
        stop: async () => {
          const durationMs = performance.now() - startMs;
          return { energyMj: 5 * durationMs, durationMs };
        },
      };
    },
  };

  it('is gross, and net of rest, over a window of many intervals of the sensor', async () => {
    const { grossMj, netMj } = await measureEnergy(meter, engine, { ...product(64), idleW: 2 }, { durationMs: 1 });
    expect(netMj.value / grossMj.value).toBeCloseTo(3 / 5, 2);
    const seconds = Number(/ in ([\d.]+) s/.exec(grossMj.note!)![1]);
    expect(seconds).toBeGreaterThanOrEqual(0.2);
    const idler = await measureEnergy(meter, engine, { ...product(64), idleW: 9 }, { durationMs: 1 });
    expect(idler.netMj.value).toBe(0);
  });
});
