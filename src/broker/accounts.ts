/** Accounts of a broker: who may come in, and as what. Passwords are kept as mosquitto keeps them, so that one file serves both. */
import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { readSecretDocument } from '../secrets.ts';
import { type Member, roles } from './acl.ts';
import { prefixSchema } from './home-assistant.ts';
import { nameSchema } from './names.ts';

/** `$7$iterations$salt$hash`: PBKDF2 with SHA-512, 64 bytes, as mosquitto_passwd writes it. */
const HASH = /^\$7\$([1-9]\d{0,6})\$([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]{86}==)$/;
const HASH_BYTES = 64;
/** Printable: mosquitto takes a salt's bytes, EMQX its characters. */
const SALT_BYTES = 9;
/** Passwords are 32 random bytes: nobody guesses them however fast, and a broker on a Pi has to check them. */
const ITERATIONS = 1000;

const accountSchema = z
  .strictObject({
    username: nameSchema,
    password: z.string().regex(HASH, 'expected $7$iterations$salt$hash'),
    role: z.enum(roles),
    fleet: nameSchema,
    device: nameSchema.optional(),
    homeAssistant: prefixSchema.optional(),
  })
  .refine((a) => (a.role === 'device') === (a.device !== undefined), 'a device has a device name, and nobody else has')
  .refine(
    (a) => a.homeAssistant === undefined || a.role === 'device' || a.role === 'observer',
    'only a device and an observer have to do with Home Assistant',
  );
export type Account = z.infer<typeof accountSchema>;

export const accountsSchema = z.strictObject({
  format: z.literal('cutline.accounts/1'),
  accounts: z
    .array(accountSchema)
    .max(100_000)
    .refine((all) => new Set(all.map((a) => a.username)).size === all.length, 'two accounts have one username'),
});
export type Accounts = z.infer<typeof accountsSchema>;

/** @throws CutlineError FILE_*, SECRET_EXPOSED, ACCOUNTS_INVALID */
export async function readAccounts(path: string): Promise<Accounts> {
  return readSecretDocument(path, accountsSchema, 'ACCOUNTS_INVALID');
}

const derive = promisify(pbkdf2);

/** A new account, and its password: 43 letters and digits that are written down nowhere else. */
export async function makeAccount(
  member: Member & { readonly username: string },
): Promise<{ readonly account: Account; readonly password: string }> {
  const password = randomBytes(32).toString('base64url');
  const salt = Buffer.from(randomBytes(SALT_BYTES).toString('base64url'));
  const hash = await derive(password, salt, ITERATIONS, HASH_BYTES, 'sha512');
  const { username, role, fleet, device, homeAssistant } = member;
  const stored = `$7$${ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}`;
  const more = { ...(device !== undefined && { device }), ...(homeAssistant !== undefined && { homeAssistant }) };
  return { account: { username, password: stored, role, fleet, ...more }, password };
}

/** Takes about the same time whether or not there is such a user. */
export async function accountFor(
  accounts: ReadonlyMap<string, Account>,
  username: string | undefined,
  password: Uint8Array | undefined,
): Promise<Account | undefined> {
  const account = username === undefined ? undefined : accounts.get(username);
  const { iterations, salt, hash } = partsOf(account?.password ?? NOBODY);
  const found = await derive(password ?? Buffer.alloc(0), salt, iterations, HASH_BYTES, 'sha512');
  return timingSafeEqual(found, hash) ? account : undefined;
}

/** @throws TypeError where it is no hash, which no schema lets through */
export function partsOf(stored: string): { readonly iterations: number; readonly salt: Buffer; readonly hash: Buffer } {
  const [, iterations, salt, hash] = HASH.exec(stored) ?? [];
  if (iterations === undefined) throw new TypeError('not a hash');
  return {
    iterations: Number(iterations),
    salt: Buffer.from(salt!, 'base64'),
    hash: Buffer.from(hash!, 'base64'),
  };
}

const NOBODY = `$7$${ITERATIONS}$${Buffer.alloc(SALT_BYTES).toString('base64')}$${Buffer.alloc(HASH_BYTES).toString('base64')}`;
