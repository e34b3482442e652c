/**
 * Finished attacks, kept in a folder by the digest of everything that decides their outcome. An audit that was interrupted
 * goes on where it stopped; one with other cuts or defenses takes what it shares.
 */
import { createHash } from 'node:crypto';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readBounded, writeAtomically } from '../../files.ts';
import { asFloat32, encodeModel, float32, parseModel, sizeOf } from '../../model/index.ts';
import { type Attack, type Budgets, missReasons, type Reconstruction } from '../attacks/index.ts';

/** What was found, and how long it took to find. */
export type Kept = Reconstruction & { readonly seconds: number };

export interface AttackCache {
  get(key: string): Promise<Kept | undefined>;
  put(key: string, found: Kept): Promise<void>;
}

const format = 'cutline.reconstruction/1';
const budgets = z.strictObject({
  queries: z.int().nonnegative().optional(),
  epochs: z.int().nonnegative().optional(),
  iterations: z.int().nonnegative().optional(),
  restarts: z.int().nonnegative().optional(),
  shadows: z.int().nonnegative().optional(),
});
const headerSchema = z.strictObject({
  format: z.literal(format),
  shape: z.array(z.int().positive()).min(2).max(5),
  iterations: z.int().nonnegative(),
  queries: z.int().nonnegative().optional(),
  parameters: z.record(z.string(), z.union([z.number(), z.string()])),
  budgets,
  usual: budgets.optional(),
  exhausted: z.literal(true).optional(),
  seconds: z.number().nonnegative(),
  decoderBytes: z.int().nonnegative(),
  missed: z.array(z.strictObject({ victim: z.int().nonnegative(), reason: z.enum(missReasons) })).optional(),
});

/** Of one file, and of all together; the oldest go first. */
const mostFileBytes = 512 * 2 ** 20;
const mostBytes = 4 * 2 ** 30;

/** Raised whenever an attack comes to other results with the same options: what was kept before is not found any more. */
const revision = 8;

/** @param conditions everything that decides the outcome */
export function cacheKey(conditions: Readonly<Record<string, unknown>>): string {
  const sorted = Object.fromEntries(Object.entries({ ...conditions, revision }).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

/** The same attack, which asks the cache before it begins and tells it when it is done; an attack that failed is not kept. */
export function kept<A extends Attack>(attack: A, cache: AttackCache, key: string): A {
  const run = async (context: Parameters<A['run']>[0]): Promise<Kept> => {
    const known = await cache.get(key);
    if (known) {
      context.onProgress?.(1);
      return known;
    }
    const started = performance.now();
    const found: Reconstruction & Partial<Kept> = await attack.run(context as never);
    // What another cache has kept took its time when it was made.
    const whole = { ...found, seconds: found.seconds ?? (performance.now() - started) / 1000 };
    await cache.put(key, whole);
    return whole;
  };
  return { ...attack, run };
}

/** For as long as somebody holds it. */
export function memoryCache(): AttackCache {
  const known = new Map<string, Kept>();
  return { get: async (key) => known.get(key), put: async (key, found) => void known.set(key, found) };
}

/**
 * A file is a line of JSON, then the pictures (float32, little endian), then the decoder (ONNX). What cannot be read is as
 * good as absent: it is made again. What cannot be written is lost to the next audit, not to this one.
 * @param note told once when nothing can be kept any more
 */
export function folderCache(folder: string, note: (line: string) => void = () => {}): AttackCache {
  let isTold = false;
  const pathOf = (key: string) => join(folder, `${key}.attack`);
  return {
    async get(key) {
      const path = pathOf(key);
      const bytes = await readBounded(path, mostFileBytes).catch(() => undefined);
      const found = bytes && decode(bytes);
      // What is used stays.
      if (found) await utimes(path, new Date(), new Date()).catch(() => {});
      return found;
    },
    async put(key, found) {
      const bytes = encode(found);
      if (bytes.length > mostFileBytes) return;
      try {
        await writeAtomically(pathOf(key), bytes);
        await forgetOldest(folder);
      } catch (error) {
        if (!isTold) note(`finished attacks are not kept: ${(error as Error).message}`);
        isTold = true;
      }
    },
  };
}

function encode({
  pictures,
  iterations,
  queries,
  parameters,
  budgets,
  usual,
  exhausted,
  seconds,
  decoder,
  missed,
}: Kept): Buffer {
  const model = decoder ? encodeModel(decoder) : new Uint8Array();
  const data = asFloat32(pictures);
  const header = {
    format,
    shape: pictures.shape,
    iterations,
    queries,
    parameters,
    budgets,
    usual,
    exhausted,
    seconds,
    decoderBytes: model.length,
    missed,
  };
  return Buffer.concat([
    Buffer.from(`${JSON.stringify(header)}\n`),
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    model,
  ]);
}

function decode(bytes: Buffer): Kept | undefined {
  try {
    const end = bytes.indexOf(10);
    const header = headerSchema.parse(JSON.parse(bytes.subarray(0, end).toString('utf8')));
    const { shape, decoderBytes, queries, budgets, usual, exhausted, missed, format: _, ...rest } = header;
    const size = 4 * sizeOf(shape);
    const pictures = bytes.subarray(end + 1, end + 1 + size);
    const model = bytes.subarray(end + 1 + size);
    if (pictures.length !== size || model.length !== decoderBytes) return undefined;
    return {
      ...rest,
      budgets: budgets as Budgets,
      ...(usual && { usual: usual as Budgets }),
      ...(exhausted && { exhausted }),
      ...(queries !== undefined && { queries }),
      ...(missed && { missed }),
      // Copied: a Buffer need not begin at a multiple of four.
      pictures: float32(new Float32Array(Uint8Array.from(pictures).buffer), shape),
      ...(decoderBytes > 0 && { decoder: parseModel(model, { path: 'cache' }) }),
    };
  } catch {
    return undefined;
  }
}

async function forgetOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.attack'));
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      // Somebody else may be forgetting it just now.
      const file = await stat(path).catch(() => undefined);
      return file ? [{ path, size: file.size, mtimeMs: file.mtimeMs }] : [];
    }),
  );
  const files = found.flat();
  let total = files.reduce((sum, f) => sum + f.size, 0);
  for (const { path, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (total <= mostBytes) return;
    await rm(path, { force: true });
    total -= size;
  }
}
