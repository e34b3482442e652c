/**
 * Activations on the disk until they are answered, so that an outage or the end of the process costs none: defended and encoded
 * ones, never pictures. Bounded in bytes and age; what has to give way is counted. LMDB keeps it whole through kill -9 and power
 * cuts, and uses freed pages again.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { CutlineError } from '../../errors.ts';
import { checkFolder } from '../../files.ts';
import { requireLmdb } from '../../lmdb-folder.ts';
import { type Stored, unwritten, written } from './stored.ts';

export interface StoreOptions {
  /** A folder of the agent's own. */
  readonly path: string;
  /** Of all that waits; older gives way to newer. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Only the newest is worth sending. */
  readonly latestOnly: boolean;
  /** 32 bytes: with it nothing on the disk can be read without it. */
  readonly key?: Uint8Array | undefined;
  /** Of all routes; what is of others is of no use any more. */
  readonly planIds: readonly string[];
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

export interface StoreCounts {
  readonly waiting: number;
  readonly waitingBytes: number;
  /** That gave way: for room, by age, or because they were of another plan. */
  readonly droppedForRoom: number;
  readonly droppedByAge: number;
  readonly droppedOfOtherPlans: number;
}

/** What is larger has pages of its own, of 4 KiB; the rest shares them. */
const PAGE_BYTES = 4096;
/** Key, header and the tree above an entry. */
const ENTRY_BYTES = 64;
/** An empty store that takes more than this is begun anew: LMDB gives nothing back to the disk. */
const RECLAIM_BYTES = 16 * 2 ** 20;
const [NONCE_BYTES, TAG_BYTES] = [12, 16];

export class Store {
  readonly #options: StoreOptions;
  #db: RootDatabase<Buffer, number>;
  /** What waits, oldest first: bytes on the disk, and when it was stored. */
  readonly #waiting = new Map<number, { readonly bytes: number; readonly atMs: number; readonly planId: string }>();
  readonly #claimed = new Set<number>();
  #next = 1;
  #bytes = 0;
  #dropped = { room: 0, age: 0, plans: 0 };
  readonly #listeners = new Set<() => void>();

  private constructor(options: StoreOptions, db: RootDatabase<Buffer, number>) {
    this.#options = options;
    this.#db = db;
  }

  /** @throws CutlineError OUTPUT_NOT_WRITABLE, STORE_INVALID: it is no store, is damaged, in use, or of another key */
  static async open(options: StoreOptions): Promise<Store> {
    await checkFolder(options.path);
    await requireLmdb(options.path);
    const db = opened(options.path);
    const store = new Store(options, db);
    try {
      await store.#look();
    } catch (error) {
      await db.close();
      throw error;
    }
    return store;
  }

  get counts(): StoreCounts {
    const { room, age, plans } = this.#dropped;
    return {
      waiting: this.#waiting.size,
      waitingBytes: this.#bytes,
      droppedForRoom: room,
      droppedByAge: age,
      droppedOfOtherPlans: plans,
    };
  }

  /** Resolves when it is on the disk. @throws CutlineError STORE_INVALID where the disk takes nothing more */
  async put(stored: Stored): Promise<void> {
    const id = this.#next++;
    const value = this.#sealed(id, written(stored));
    await this.#makeRoom(onDisk(value.length));
    await this.#saving(() => this.#db.put(id, value));
    this.#add(id, value.length, stored);
    for (const tell of this.#listeners) tell();
  }

  /** The plan's oldest that nobody has claimed; it is the caller's until `remove` or `release`. Undefined where there is none. */
  async claim(planId: string): Promise<{ readonly id: number; readonly stored: Stored } | undefined> {
    await this.#dropOld();
    for (const [id, entry] of this.#waiting) {
      if (entry.planId !== planId || this.#claimed.has(id)) continue;
      const value = this.#db.get(id);
      if (!value) {
        this.#forget(id);
        continue;
      }
      this.#claimed.add(id);
      return { id, stored: unwritten(this.#unsealed(id, value)) };
    }
    return undefined;
  }

  release(id: number): void {
    this.#claimed.delete(id);
  }

  async remove(id: number): Promise<void> {
    await this.#saving(() => this.#db.remove(id));
    this.#forget(id);
    if (this.#waiting.size === 0) await this.#reclaim();
  }

  /** Everything that waits, oldest first; for looking only. */
  *entries(): Generator<{ readonly id: number; readonly stored: Stored }> {
    for (const id of [...this.#waiting.keys()]) {
      const value = this.#db.get(id);
      if (value) yield { id, stored: unwritten(this.#unsealed(id, value)) };
    }
  }

  /** Resolves when something is put, or the signal aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#listeners.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  async #look(): Promise<void> {
    const others: number[] = [];
    for (const { key: id, value } of this.#db.getRange()) {
      const { planId, capturedMs } = unwritten(this.#unsealed(id, value));
      this.#next = Math.max(this.#next, id + 1);
      if (this.#options.planIds.includes(planId)) this.#add(id, value.length, { planId, capturedMs });
      else others.push(id);
    }
    for (const id of others) await this.#saving(() => this.#db.remove(id));
    this.#dropped.plans = others.length;
    await this.#dropOld();
    if (this.#waiting.size === 0) await this.#reclaim();
  }

  #add(id: number, length: number, { planId, capturedMs: atMs }: Pick<Stored, 'planId' | 'capturedMs'>): void {
    const bytes = onDisk(length);
    this.#waiting.set(id, { bytes, atMs, planId });
    this.#bytes += bytes;
  }

  #forget(id: number): void {
    this.#bytes -= this.#waiting.get(id)?.bytes ?? 0;
    this.#waiting.delete(id);
    this.#claimed.delete(id);
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { maxBytes, latestOnly } = this.#options;
    for (const id of this.#waiting.keys()) {
      if (!latestOnly && this.#bytes + bytes <= maxBytes) return;
      // What is on its way may still be answered.
      if (this.#claimed.has(id)) continue;
      await this.#drop(id, 'room');
    }
  }

  async #dropOld(): Promise<void> {
    const before = this.#options.now() - this.#options.maxAgeMs;
    for (const [id, { atMs }] of this.#waiting) {
      if (atMs >= before) return;
      if (!this.#claimed.has(id)) await this.#drop(id, 'age');
    }
  }

  async #drop(id: number, why: 'room' | 'age'): Promise<void> {
    this.#dropped[why]++;
    await this.#saving(() => this.#db.remove(id));
    this.#forget(id);
  }

  async #reclaim(): Promise<void> {
    const { path } = this.#options;
    const found = await stat(join(path, 'data.mdb')).catch(() => undefined);
    if (!found || found.size < RECLAIM_BYTES || this.#waiting.size > 0) return;
    await this.#db.close();
    for (const name of ['data.mdb', 'lock.mdb']) await rm(join(path, name), { force: true });
    this.#db = opened(path);
  }

  async #saving(work: () => Promise<boolean>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw invalid(this.#options.path, error);
    }
  }

  #sealed(id: number, plain: Buffer): Buffer {
    const { key } = this.#options;
    if (!key) return plain;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(Buffer.from(String(id)));
    const text = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([nonce, text, cipher.getAuthTag()]);
  }

  #unsealed(id: number, value: Buffer): Buffer {
    const { key, path } = this.#options;
    if (!key) return value;
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, value.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(String(id)));
      decipher.setAuthTag(value.subarray(value.length - TAG_BYTES));
      return Buffer.concat([decipher.update(value.subarray(NONCE_BYTES, value.length - TAG_BYTES)), decipher.final()]);
    } catch {
      throw new CutlineError('STORE_INVALID', { path, problem: 'what is in it was written with another key' });
    }
  }
}

const onDisk = (length: number): number =>
  length + ENTRY_BYTES > PAGE_BYTES / 2
    ? PAGE_BYTES * Math.ceil((length + ENTRY_BYTES) / PAGE_BYTES)
    : length + ENTRY_BYTES;

function opened(path: string): RootDatabase<Buffer, number> {
  try {
    return open<Buffer, number>({ path, encoding: 'binary', keyEncoding: 'ordered-binary', overlappingSync: false });
  } catch (error) {
    throw invalid(path, error);
  }
}

const invalid = (path: string, error: unknown) =>
  new CutlineError('STORE_INVALID', { path, problem: (error as Error).message.split('\n')[0]! }, { cause: error });
