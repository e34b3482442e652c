/**
 * Signatures of plans: ed25519 (RFC 8032) over the canonical form (RFC 8785) of all that plan.json holds but the signature.
 * Who has the private key says which plans run; whoever reads one needs public keys only.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { canonicalJson } from '../canonical.ts';
import { CutlineError } from '../errors.ts';
import { readBounded } from '../files.ts';
import { readSecret } from '../secrets.ts';
import { idOfPlan } from './read.ts';
import { type Plan, withoutSearch } from './schema.ts';

/** More is no key. */
const MAX_KEY_BYTES = 16 * 1024;

/** A public key that is trusted, or the one that belongs to a private key. */
export interface PlanKey {
  /** 16 hex digits: of the SHA-256 of the public key in DER (SubjectPublicKeyInfo). */
  readonly id: string;
  readonly key: KeyObject;
}

/** @throws CutlineError FILE_*, SECRET_EXPOSED, KEY_INVALID: not a private ed25519 key in PEM, or an encrypted one */
export async function readSigningKey(path: string): Promise<PlanKey> {
  const pem = await readSecret(path);
  if (pem.includes('ENCRYPTED')) {
    const problem = 'it is encrypted with a passphrase; decrypt it first, into a file that only you may read';
    throw new CutlineError('KEY_INVALID', { path, problem });
  }
  return keyOf(path, 'private', () => createPrivateKey(pem));
}

/** @throws CutlineError FILE_*, KEY_INVALID: not a public ed25519 key in PEM, or a private one, which has no business there */
export async function readPublicKey(path: string): Promise<PlanKey> {
  const pem = await readBounded(path, MAX_KEY_BYTES);
  if (pem.includes('PRIVATE KEY')) {
    const problem = 'it is a private key, and whoever only verifies must not have it; give the .pub beside it';
    throw new CutlineError('KEY_INVALID', { path, problem });
  }
  return keyOf(path, 'public', () => createPublicKey(pem));
}

function keyOf(path: string, kind: 'private' | 'public', read: () => KeyObject): PlanKey {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    throw new CutlineError('KEY_INVALID', { path, problem: `it is no ${kind} key in PEM` });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    const problem = `it is a key for ${key.asymmetricKeyType ?? 'something else'}, and plans are signed with ed25519`;
    throw new CutlineError('KEY_INVALID', { path, problem });
  }
  return { id: keyId(key), key };
}

export function keyId(key: KeyObject): string {
  const der = (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('hex').slice(0, 16);
}

/** What a signature changes about a plan before it is made. */
export interface Issue {
  /** After it nobody runs the plan. */
  readonly expires?: Date;
  /** In place of the plan's own, for one that shall replace a newer one. */
  readonly serial?: number;
}

/** The plan as it is issued: with its expiry and serial, the id that follows from them, and the signature. */
export function signPlan(plan: Plan, { id, key }: PlanKey, issue: Issue = {}): Plan {
  const { signature: _, ...unsigned } = plan;
  const { expires, serial = plan.serial } = issue;
  const issued = { ...unsigned, serial, ...(expires && { expires: expires.toISOString() }) };
  const named = { ...issued, planId: idOfPlan(issued) };
  const value = sign(null, signedBytes(named), key).toString('base64');
  return { ...named, signature: { algorithm: 'ed25519', key: id, value } };
}

/** @throws CutlineError PLAN_UNSIGNED, PLAN_KEY_UNKNOWN, PLAN_ALTERED: the signature is not of this plan */
export function verifySignature(plan: Plan, trusted: readonly PlanKey[]): void {
  const { signature, planId } = plan;
  if (!signature) throw new CutlineError('PLAN_UNSIGNED', { plan: planId });
  const found = trusted.find((k) => k.id === signature.key);
  if (!found) {
    const known = trusted.map((k) => k.id).join(', ');
    throw new CutlineError('PLAN_KEY_UNKNOWN', { plan: planId, key: signature.key, known });
  }
  if (!verify(null, signedBytes(plan), found.key, Buffer.from(signature.value, 'base64'))) {
    const problem = `its signature by ${signature.key} is not of what it says now`;
    throw new CutlineError('PLAN_ALTERED', { plan: planId, problem });
  }
}

/** What travels, but for the signature. */
function signedBytes({ signature: _, ...plan }: Plan): Buffer {
  return Buffer.from(canonicalJson(withoutSearch(plan)));
}
