/**
 * A recording of what the device decided its moves on: JSON lines, each look on which anything was new and each move, after a line with
 * settings and position from which they can be decided again. Bounded: when it is full, a new one begins.
 */
import { rename } from 'node:fs/promises';
import { z } from 'zod';
import { CutlineError } from '../../errors.ts';
import { checkWritable, placeOf, readBounded } from '../../files.ts';
import { check } from '../../validate.ts';
import { appendTo, type Lines } from '../results/index.ts';
import { type Look, lookSchema, type Move, type Position, positionSchema } from './choose.ts';
import { type MoveSettings, moveSchema } from './settings.ts';

const lineSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('start'),
    format: z.literal('cutline.routes-log/1'),
    at: z.string(),
    planId: z.string(),
    settings: moveSchema,
    position: positionSchema,
  }),
  z.strictObject({ kind: z.literal('look'), ...lookSchema.shape }),
  z.strictObject({
    kind: z.literal('move'),
    at: z.string(),
    atMs: z.number(),
    from: z.string(),
    to: z.string(),
    reason: z.string(),
  }),
]);
export type RoutesLine = z.infer<typeof lineSchema>;

/** Larger than any that is written here. */
const MOST_BYTES = 2 ** 31;

export interface RoutesLogOptions {
  /** Absolute. */
  readonly path: string;
  readonly maxBytes: number;
  readonly planId: string;
  readonly settings: MoveSettings;
  readonly log: (line: string) => void;
}

export class RoutesLog {
  readonly #options: RoutesLogOptions;
  readonly #target: string;
  #lines: Lines | undefined;
  #bytes = 0;
  #turn: Promise<void> = Promise.resolve();
  #failed = false;

  private constructor(options: RoutesLogOptions, target: string) {
    this.#options = options;
    this.#target = target;
  }

  /** Begins the file anew; an older one becomes FILE.1. @throws CutlineError OUTPUT_NOT_WRITABLE */
  static async open(options: RoutesLogOptions): Promise<RoutesLog> {
    const { path } = options;
    await checkWritable(path);
    const place = await placeOf(path);
    if (place.kind !== 'file')
      throw new CutlineError('OUTPUT_NOT_WRITABLE', { path, problem: `a ${place.kind}, not a file` });
    return new RoutesLog(options, place.path);
  }

  /** @param before the position from which this look was decided */
  tell(before: Position, look: Look, move: Move | undefined): void {
    const lines: RoutesLine[] = [{ kind: 'look', ...look }];
    if (move) lines.push({ kind: 'move', at: new Date(move.atMs).toISOString(), ...move });
    const text = textOf(lines);
    this.#turn = this.#turn.then(() => this.#write(before, look.atMs, text)).catch((error: Error) => this.#give(error));
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#lines?.close().catch((error: Error) => this.#give(error));
  }

  async #write(before: Position, atMs: number, text: string): Promise<void> {
    if (this.#failed) return;
    const { path, maxBytes, planId } = this.#options;
    if (!this.#lines || this.#bytes + text.length > maxBytes) {
      await this.#lines?.close();
      await rename(this.#target, `${this.#target}.1`).catch(() => {});
      this.#lines = await appendTo(path, this.#target, { fsync: 'never', keepBytes: 0 });
      const at = new Date(atMs).toISOString();
      const { betterBy, steadyMs, dwellMs, whenOffline, avoidS, hotC, lowBattery } = this.#options.settings;
      const settings = { betterBy, steadyMs, dwellMs, whenOffline, avoidS, hotC, lowBattery };
      const start = textOf([{ kind: 'start', format: 'cutline.routes-log/1', at, planId, settings, position: before }]);
      await this.#lines.append(start);
      this.#bytes = start.length;
    }
    await this.#lines.append(text);
    this.#bytes += text.length;
  }

  /** Moving goes on without a recording. */
  #give(error: Error): void {
    if (!this.#failed) this.#options.log(`${this.#options.path}: moves are not recorded any more: ${error.message}`);
    this.#failed = true;
  }
}

const textOf = (lines: readonly RoutesLine[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** A last line that was torn is left out. @throws CutlineError FILE_*, ROUTES_LOG_INVALID */
export async function readRoutesLog(path: string): Promise<readonly RoutesLine[]> {
  const text = (await readBounded(path, MOST_BYTES)).toString('utf8');
  const lines = text.split('\n').slice(0, -1);
  const at = (i: number) => `${path}, line ${i + 1}`;
  const read = lines.map((line, i) => check(jsonOf(line, at(i)), lineSchema, at(i), 'ROUTES_LOG_INVALID'));
  if (read[0]?.kind !== 'start')
    throw new CutlineError('ROUTES_LOG_INVALID', { path, problem: 'it does not begin with the start of a recording' });
  return read;
}

function jsonOf(line: string, path: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new CutlineError('ROUTES_LOG_INVALID', { path, problem: 'it is no JSON' }, { cause });
  }
}
