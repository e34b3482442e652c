/** The keys that messages are sealed with, as files: one of a device, and one of all devices of a fleet for its consumers. */
import { z } from 'zod';
import { CutlineError } from '../errors.ts';
import { readSecretDocument } from '../secrets.ts';
import { nameSchema } from './names.ts';
import { type MessageKey, SECRET_BYTES, Seal } from './seal.ts';

const keySchema = z.strictObject({
  id: z.int().min(0).max(0xffffffff),
  secret: z.string().regex(/^[A-Za-z0-9+/]{43}=$/, `expected ${SECRET_BYTES} bytes as base64`),
});
const keysSchema = z
  .array(keySchema)
  .min(1)
  .max(8)
  .refine((keys) => new Set(keys.map((k) => k.id)).size === keys.length, 'two keys of one id');

export const deviceKeysSchema = z.strictObject({
  format: z.literal('cutline.device-keys/1'),
  fleet: nameSchema,
  device: nameSchema,
  /** The first one seals, the others still open. */
  keys: keysSchema,
});
export type DeviceKeys = z.infer<typeof deviceKeysSchema>;

export const fleetKeysSchema = z.strictObject({
  format: z.literal('cutline.fleet-keys/1'),
  fleet: nameSchema,
  devices: z.record(nameSchema, keysSchema),
});
export type FleetKeys = z.infer<typeof fleetKeysSchema>;

/** @throws CutlineError FILE_*, SECRET_EXPOSED, KEY_INVALID, also where it is of another fleet or device */
export async function readDeviceSeal(path: string, fleet: string, device: string): Promise<Seal> {
  const found = await readSecretDocument(path, deviceKeysSchema, 'KEY_INVALID');
  if (found.fleet !== fleet || found.device !== device) {
    const problem = `it is of ${found.fleet}/${found.device}, and this is ${fleet}/${device}`;
    throw new CutlineError('KEY_INVALID', { path, problem });
  }
  return new Seal(fleet, device, parsed(found.keys));
}

/** By device. @throws CutlineError FILE_*, SECRET_EXPOSED, KEY_INVALID */
export async function readFleetSeals(path: string, fleet: string): Promise<ReadonlyMap<string, Seal>> {
  const found = await readSecretDocument(path, fleetKeysSchema, 'KEY_INVALID');
  if (found.fleet !== fleet) {
    throw new CutlineError('KEY_INVALID', { path, problem: `it is of fleet ${found.fleet}, and this is ${fleet}` });
  }
  return new Map(
    Object.entries(found.devices).map(([device, keys]) => [device, new Seal(fleet, device, parsed(keys))]),
  );
}

function parsed(keys: z.infer<typeof keysSchema>): MessageKey[] {
  return keys.map(({ id, secret }) => ({ id, secret: Buffer.from(secret, 'base64') }));
}
