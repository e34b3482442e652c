/** The seals of a fleet as a consumer uses them: each device is answered by the key that it asked with. */
import { stat } from 'node:fs/promises';
import { readFleetSeals, type Seal } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';

export interface Sealing {
  /** @throws CutlineError ENVELOPE_INVALID for what no device of the fleet has sealed so */
  open(device: string, payload: Uint8Array): Buffer;
  /** Only after something of the device was opened. */
  seal(device: string, payload: Uint8Array): Buffer;
}

/** How often the file is looked at: a key that was added or taken away counts from then on. */
const LOOK_MS = 2000;

/**
 * @param signal ends the looking
 * @throws CutlineError FILE_*, SECRET_EXPOSED, KEY_INVALID; later faults of the file are said, and the keys known before stay
 */
export async function openSealing(
  path: string,
  fleet: string,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<Sealing> {
  let seals = await readFleetSeals(path, fleet);
  let stamp = await stampOf(path);
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  const look = async () => {
    const now = await stampOf(path);
    if (now === stamp) return;
    stamp = now;
    try {
      seals = await readFleetSeals(path, fleet);
      log(`read the keys of ${seals.size} devices again`);
    } catch (error) {
      log(`the keys stay as they were: ${(error as Error).message}`);
    }
  };
  return sealingOf(() => seals);
}

export function sealingOf(current: () => ReadonlyMap<string, Seal>): Sealing {
  const asked = new Map<string, number>();
  return {
    open(device, payload) {
      const seal = current().get(device);
      if (!seal) throw new CutlineError('ENVELOPE_INVALID', { problem: `no key of device ${device} is here` });
      const { payload: opened, keyId } = seal.open(payload, 'act');
      asked.set(device, keyId);
      return opened;
    },
    seal(device, payload) {
      const seal = current().get(device);
      if (!seal) throw new CutlineError('ENVELOPE_INVALID', { problem: `no key of device ${device} is here any more` });
      return seal.seal(payload, 'res', asked.get(device));
    },
  };
}

async function stampOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found ? `${found.mtimeMs}/${found.size}/${found.ino}` : '';
}
