import { expect, it } from 'vitest';
import { LastMinute } from '../../src/device/last-minute.ts';
import { sinceCapture } from '../../src/device/since-capture.ts';
import { agentHealthSchema } from '../../src/ops/index.ts';
import { health } from '../fleet/said.ts';

const stored = { capturedMs: 1e12, headMs: 3, encodeMs: 2 };

it('is by the clock on the wall', () => {
  expect(sinceCapture(stored, 1e12 + 86_400_000)).toBe(86_400_000);
});

it('is what was measured at least where the clock was set back, so that the health of the device is believed', () => {
  expect(sinceCapture(stored, 1e12 - 3_600_000)).toBe(5);
  const minute = new LastMinute();
  minute.add(sinceCapture(stored, 1e12 - 3_600_000));
  expect(agentHealthSchema.safeParse(health('cam-1', { latencyMs: minute.spread() })).error).toBeUndefined();
});
