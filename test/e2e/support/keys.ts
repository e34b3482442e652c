import { generateKeyPairSync } from 'node:crypto';
import { keyId, type PlanKey } from '../../../src/plan/index.ts';

/** A pair that signs plans, and the PEM of its public half. */
export function newKey(): { readonly key: PlanKey; readonly pem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    key: { id: keyId(privateKey), key: privateKey },
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}
