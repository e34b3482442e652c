/**
 * Answers that outlive the process, so that what a consumer answered before it was killed is not run again. Memory has them all; the
 * disk (LMDB) follows, within the same bounds. A disk that fails costs the answers kept, and nothing else.
 */
import { chmod } from 'node:fs/promises';
import { open, type RootDatabase } from 'lmdb';
import { decodeMessage, encodeEnvelope } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { checkFolder } from '../files.ts';
import { requireLmdb } from '../lmdb-folder.ts';
import { type AnswerCache, Answers, type Given } from './answers.ts';

/** No device waits for longer. */
const MOST_AGE_MS = 3_600_000;
const NOBODY = { bootId: '0'.repeat(32), correlationId: '0'.repeat(32), deviceId: 'kept', sequence: 0, expiresMs: 0 };

export interface KeptOptions {
  /** A folder of this consumer's own. */
  readonly path: string;
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Unix time, ms. */
  readonly now: () => number;
  readonly log: (line: string) => void;
}

export class KeptAnswers implements AnswerCache {
  readonly #options: KeptOptions;
  readonly #db: RootDatabase<Buffer, string>;
  readonly #answers: Answers;
  #isLost = false;

  private constructor(options: KeptOptions, db: RootDatabase<Buffer, string>) {
    this.#options = options;
    this.#db = db;
    this.#answers = new Answers(options.maxEntries, options.maxBytes, (key) => this.#saving(() => db.remove(key)));
  }

  /** @throws CutlineError OUTPUT_NOT_WRITABLE, STORE_INVALID */
  static async open(options: KeptOptions): Promise<KeptAnswers> {
    const { path, log } = options;
    await checkFolder(path);
    await requireLmdb(path);
    let db: RootDatabase<Buffer, string>;
    try {
      db = open<Buffer, string>({ path, encoding: 'binary', overlappingSync: false });
      await chmod(path, 0o700);
    } catch (error) {
      const problem = (error as Error).message.split('\n')[0]!;
      throw new CutlineError('STORE_INVALID', { path, problem }, { cause: error });
    }
    const kept = new KeptAnswers(options, db);
    log(`${kept.#look()} answers are kept in ${path}`);
    return kept;
  }

  get(key: string): Given | undefined {
    return this.#answers.get(key);
  }

  set(key: string, answer: Given): void {
    const createdMs = this.#options.now();
    const value = encodeEnvelope({ ...NOBODY, planId: 'kept', createdMs, body: answer });
    this.#saving(() => this.#db.put(key, Buffer.from(value)));
    this.#answers.set(key, answer);
  }

  /** What was set is on the disk then. */
  async close(): Promise<void> {
    await this.#db.close();
  }

  /** Takes what is young enough into memory, oldest first. */
  #look(): number {
    const found: { key: string; createdMs: number; body: Given }[] = [];
    const sinceMs = this.#options.now() - MOST_AGE_MS;
    for (const { key, value } of this.#db.getRange()) {
      const read = readAnswer(value);
      if (read && read.createdMs >= sinceMs) found.push({ key, ...read });
      else this.#saving(() => this.#db.remove(key));
    }
    found.sort((a, b) => a.createdMs - b.createdMs);
    for (const { key, body } of found) this.#answers.set(key, body);
    return found.length;
  }

  #saving(work: () => Promise<unknown>): void {
    if (this.#isLost) return;
    const lost = (error: unknown) => {
      if (this.#isLost) return;
      this.#isLost = true;
      const { path, log } = this.#options;
      log(`answers are not kept in ${path} any more, only in memory: ${(error as Error).message.split('\n')[0]}`);
    };
    try {
      work().catch(lost);
    } catch (error) {
      lost(error);
    }
  }
}

/** Undefined for what is no answer: nothing else depends on it. */
function readAnswer(value: Buffer): { createdMs: number; body: Given } | undefined {
  try {
    // LMDB's memory is not ours to keep.
    const message = decodeMessage(Buffer.from(value));
    if ('bodyWith' in message || message.body.kind !== 'result') return undefined;
    return { createdMs: message.createdMs, body: message.body };
  } catch (error) {
    if (error instanceof CutlineError) return undefined;
    throw error;
  }
}
