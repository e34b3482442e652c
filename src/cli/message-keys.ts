/** `cutline keys --device`: one more key for the messages of a device, in the two files that hold them. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type DeviceKeys, type FleetKeys, fleetKeysSchema, SECRET_BYTES } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { ifThere } from '../if-there.ts';
import { readSecretDocument } from '../secrets.ts';
import { requireNames } from './names.ts';
import { writePrivately } from './write-privately.ts';

export interface AddedKey {
  readonly format: 'cutline.message-key/1';
  readonly fleet: string;
  readonly device: string;
  readonly id: number;
  readonly deviceKeys: string;
  readonly fleetKeys: string;
}

/** Of a device at once: the newest, and those that are still on the way out. */
const KEPT = 2;

/**
 * A key is added before the others, and the oldest leaves, so that consumers that have the new file understand devices that do not.
 * @throws CutlineError USAGE, KEY_INVALID for files that are none of ours, OUTPUT_NOT_WRITABLE
 */
export async function addMessageKey(folder: string, fleet: string, device: string): Promise<AddedKey> {
  requireNames({ '--fleet': fleet, '--device': device });
  const fleetPath = join(folder, 'fleet.keys.json');
  const devicePath = join(folder, `${device}.keys.json`);
  const all: FleetKeys = (await ifThere(readSecretDocument(fleetPath, fleetKeysSchema, 'KEY_INVALID'))) ?? {
    format: 'cutline.fleet-keys/1',
    fleet,
    devices: {},
  };
  if (all.fleet !== fleet) {
    throw new CutlineError('KEY_INVALID', { path: fleetPath, problem: `it is of fleet ${all.fleet}, not ${fleet}` });
  }
  const before = Object.hasOwn(all.devices, device) ? all.devices[device]! : [];
  const id = Math.max(0, ...before.map((k) => k.id)) + 1;
  const keys = [{ id, secret: randomBytes(SECRET_BYTES).toString('base64') }, ...before].slice(0, KEPT);
  const own: DeviceKeys = { format: 'cutline.device-keys/1', fleet, device, keys };
  // Consumers first: a device must not seal with what nobody can open.
  await writePrivately(
    fleetPath,
    `${JSON.stringify({ ...all, devices: { ...all.devices, [device]: keys } }, null, 2)}\n`,
  );
  await writePrivately(devicePath, `${JSON.stringify(own, null, 2)}\n`);
  return { format: 'cutline.message-key/1', fleet, device, id, deviceKeys: devicePath, fleetKeys: fleetPath };
}
