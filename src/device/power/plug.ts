/**
 * A plug that measures, asked by HTTP: Shelly of the second generation (`/rpc/Switch.GetStatus?id=0`: `apower`), of the first
 * (`/meter/0`: `power`, `/status`: `meters[0].power`) and Tasmota (`/cm?cmnd=Status%208`: `StatusSNS.ENERGY.Power`). Watts.
 */
import { z } from 'zod';
import { CutlineError } from '../../errors.ts';
import type { PowerMeter } from './meter.ts';
import { sampledMeter } from './sampled.ts';

const answerSchema = z.union([
  z.object({ apower: z.number() }).transform((a) => a.apower),
  z.object({ power: z.number() }).transform((a) => a.power),
  z.object({ meters: z.tuple([z.object({ power: z.number() })], z.unknown()) }).transform((a) => a.meters[0].power),
  z
    .object({ StatusSNS: z.object({ ENERGY: z.object({ Power: z.number() }) }) })
    .transform((a) => a.StatusSNS.ENERGY.Power),
]);

const MAX_ANSWER = 64 * 1024;

/** @throws CutlineError POWER_METER_UNAVAILABLE */
export async function openPlug(url: string): Promise<PowerMeter> {
  const refuse = (problem: string, cause?: unknown): never => {
    throw new CutlineError('POWER_METER_UNAVAILABLE', { name: url, problem }, { cause });
  };
  return sampledMeter({
    name: 'plug',
    covers: 'the plug: the machine with its power supply, and whatever else hangs on it',
    intervalMs: 1000,
    async readW() {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000), redirect: 'error' }).catch(
        (cause: unknown) => refuse('it does not answer', cause),
      );
      if (!response.ok) return refuse(`it answers ${response.status}`);
      const text = await response.text();
      if (text.length > MAX_ANSWER) return refuse('its answer is no reading');
      try {
        return answerSchema.parse(JSON.parse(text));
      } catch (cause) {
        return refuse('its answer is neither of a Shelly nor of Tasmota', cause);
      }
    },
  });
}
