import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Delivered } from '../../../src/device/message.ts';
import { machineNow } from '../../../src/device/routes/machine.ts';
import { predict } from '../../../src/device/routes/predict.ts';
import { Seen } from '../../../src/device/routes/seen.ts';
import { choiceOf } from '../../../src/device/routes/terms.ts';
import { named, samplePlan } from '../../plan/sample.ts';

const plan = named(samplePlan());
const [terms] = choiceOf(plan).routes;
const { planId } = plan;
const machine = { isOnline: true, temperatureC: null, battery: null };
function seenOf() {
  let now = 0;
  const seen = new Seen([terms!, { ...terms!, planId: 'small', headMs: 0.1 }], () => now);
  const telemetry = () => seen.telemetry(undefined, machine);
  return { seen, telemetry, pass: (ms: number) => void (now += ms) };
}
const delivered = (over: Partial<Delivered['outcome']>, roundTripMs = 20): Delivered => ({
  outcome: { kind: 'result', outputs: {}, queueMs: 0, tailMs: 1, decodeMs: 0, ...over },
  sentMs: 0,
  arrivedMs: roundTripMs,
  tries: 1,
});

describe('what inferences tell', () => {
  it('is that the processor has half its speed, from a head that is long, not from one hiccup, and for as long as it is fresh', () => {
    const { seen, telemetry, pass } = seenOf();
    seen.timed(planId, 40);
    const heads = (ms: number, count: number) => {
      for (let i = 0; i < count; i++, pass(100)) seen.ran(planId, ms);
    };
    heads(40, 30);
    expect(telemetry().slowdown).toBe(1);
    heads(300, 1);
    expect(telemetry().slowdown).toBe(1);
    heads(80, 20);
    expect(telemetry().slowdown).toBeCloseTo(1.9, 1);
    expect(predict(terms!, choiceOf(plan), telemetry()).headMs).toBeGreaterThan(70);
    // On a route with a small head nothing is learnt, and what was learnt is kept for a while.
    seen.timed('small', 0.1);
    for (let i = 0; i < 50; i++, pass(100)) seen.ran('small', 0.5);
    expect(telemetry().slowdown).toBeGreaterThan(1.7);
    pass(300_000);
    expect(telemetry().slowdown).toBeLessThan(1.2);
  });

  it('is how long activations wait at the consumer and how slow its tails are, until that fades', () => {
    const { seen, telemetry, pass } = seenOf();
    const about = { bytes: 4000, waitedMs: 0, speed: { rttMs: 2, msPerKb: 1, fromBytes: 4000, atMs: 0 } };
    for (let i = 0; i < 5; i++) seen.answered(planId, about, delivered({ queueMs: 100, tailMs: 4 }, 120));
    expect(telemetry()).toMatchObject({ waitingMs: 100, tailFactor: 4, beyondMs: 10 });
    pass(30_000);
    expect(telemetry()).toMatchObject({ waitingMs: 50, tailFactor: 2, beyondMs: 5 });
    pass(1e6);
    expect(telemetry()).toMatchObject({ waitingMs: 0, tailFactor: 1, beyondMs: 0 });
  });
});

describe('the machine', () => {
  it('tells its temperature and battery where the kernel does, and nothing where it does not', async () => {
    const root = await mkdtemp(join(tmpdir(), 'cutline-sys-'));
    onTestFinished(() => rm(root, { recursive: true }));
    const put = async (path: string, files: Record<string, string>) => {
      await mkdir(join(root, path), { recursive: true });
      for (const [name, text] of Object.entries(files)) await writeFile(join(root, path, name), `${text}\n`);
    };
    const roots = { thermal: join(root, 'thermal'), power: join(root, 'power') };
    expect(await machineNow(roots)).toEqual({ temperatureC: null, battery: null });
    await put('thermal/thermal_zone0', { type: 'acpitz', temp: '27800' });
    expect(await machineNow(roots)).toMatchObject({ temperatureC: 28 });
    await put('thermal/thermal_zone1', { type: 'cpu-thermal', temp: '61234' });
    await put('thermal/thermal_zone2', { type: 'iwlwifi', temp: '90000' });
    await put('thermal/thermal_zone3', { type: 'soc', temp: 'no number' });
    await put('power/hid', { type: 'Battery', scope: 'Device', capacity: '5', status: 'Discharging' });
    await put('power/BAT0', { type: 'Battery', capacity: '12', status: 'Discharging' });
    expect(await machineNow(roots)).toEqual({ temperatureC: 61, battery: { share: 0.12, isDischarging: true } });
  });
});
