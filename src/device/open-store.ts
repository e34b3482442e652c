/** The outbox on the disk that a configuration asks for, without what an earlier run has written down already. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { CutlineError } from '../errors.ts';
import { readSecret } from '../secrets.ts';
import { Done, type Results } from './results/index.ts';
import { Store } from './store/index.ts';

export const outboxSchema = z.strictObject({
  /** A folder of the agent's own. */
  path: z.string().min(1),
  /** Of all that waits; then the oldest gives way. */
  maxBytes: z
    .int()
    .min(65_536)
    .max(2 ** 40)
    .default(256 * 2 ** 20),
  /** What has waited for longer is not sent any more. */
  maxAgeS: z
    .number()
    .positive()
    .max(365 * 86_400)
    .default(86_400),
  /** Only the newest is worth sending. */
  latestOnly: z.boolean().default(false),
  /** Of what waited, so many a second, so that a fleet that comes back does not drown its consumers. */
  catchUpPerS: z.number().positive().max(100_000).optional(),
  /** 32 bytes as 64 hex digits, readable by its owner only: with it nothing on the disk can be read without it. */
  keyFile: z.string().min(1).optional(),
});
export type OutboxSettings = z.infer<typeof outboxSchema>;

export interface OpenStore {
  readonly store: Store;
  /** What need not be done again: answered, or waiting for its answer. */
  readonly done: Done;
  readonly nextIndex: number;
}

/** @throws CutlineError STORE_INVALID, OUTPUT_NOT_WRITABLE, SECRET_EXPOSED, KEY_INVALID, FILE_* */
export async function openStore(
  { path, maxAgeS, keyFile, ...bounds }: OutboxSettings,
  folder: string,
  planIds: readonly string[],
  earlier: Results['earlier'],
): Promise<OpenStore> {
  const key = keyFile === undefined ? undefined : await readOutboxKey(resolve(folder, keyFile));
  const at = resolve(folder, path);
  const store = await Store.open({ ...bounds, path: at, maxAgeMs: 1000 * maxAgeS, key, planIds, now: Date.now });
  const done = earlier?.done ?? new Done();
  let nextIndex = earlier?.nextIndex ?? 0;
  for (const { id, stored } of store.entries()) {
    const { image, sha256, index, correlationId } = stored;
    nextIndex = Math.max(nextIndex, index + 1);
    // Its answer was written, and the end came before it was crossed out.
    if (earlier?.ids.has(correlationId)) await store.remove(id);
    else if (sha256 !== undefined) done.add({ image, sha256 });
  }
  return { store, done, nextIndex };
}

/** @throws CutlineError KEY_INVALID, SECRET_EXPOSED, FILE_* */
export async function readOutboxKey(path: string): Promise<Buffer> {
  const text = (await readSecret(path)).toString('utf8').trim();
  if (!/^[0-9a-fA-F]{64}$/.test(text)) {
    throw new CutlineError('KEY_INVALID', {
      path,
      problem: 'it is not 64 hex digits, as openssl rand -hex 32 writes them',
    });
  }
  return Buffer.from(text, 'hex');
}
