/** The rollout on the disk: whole through power cuts, since a file takes the place of the last one and says everything. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CutlineError } from '../../errors.ts';
import { writeAtomically } from '../../files.ts';
import { ifThere } from '../../if-there.ts';
import { readDocument } from '../../validate.ts';
import { noRollout, type Rollout, rolloutSchema } from './rollout.ts';
import { sync } from './sync.ts';

export class RolloutFile {
  readonly #path: string;
  readonly #folder: string;
  #now: Rollout = noRollout;
  /** It was there and could not be read. */
  isLost = false;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, 'updates.json');
  }

  /** What cannot be read is set aside, and said: a device that runs the plan it came with is better than one that runs none. */
  static async open(folder: string, log: (line: string) => void): Promise<RolloutFile> {
    const file = new RolloutFile(folder);
    try {
      const options = { code: 'UPDATE_STATE_INVALID', maxBytes: 1 << 20 } as const;
      file.#now = (await ifThere(readDocument(file.#path, rolloutSchema, options))) ?? noRollout;
    } catch (error) {
      if (!(error instanceof CutlineError)) throw error;
      file.isLost = true;
      log(`${error.message} [${error.code}]`);
      await rename(file.#path, `${file.#path}.broken`).catch(() => {});
    }
    return file;
  }

  get now(): Rollout {
    return this.#now;
  }

  /**
   * For what must be, whether or not it can be written down: after a power cut it is found out again.
   * @throws nothing
   */
  async settle(to: (r: Rollout) => Rollout, log: (line: string) => void): Promise<void> {
    const next = to(this.#now);
    await this.change(() => next).catch((error: Error) => log(error.message));
    this.#now = next;
  }

  /** @throws CutlineError OUTPUT_NOT_WRITABLE; then everything is as before */
  async change(to: (r: Rollout) => Rollout): Promise<void> {
    const next = to(this.#now);
    await writeAtomically(this.#path, `${JSON.stringify(next, null, 2)}\n`);
    await sync(this.#folder);
    this.#now = next;
  }
}
