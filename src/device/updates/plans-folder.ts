/** The plans that were pushed, each a folder with plan.json and its heads, as the planner writes them. */
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomically, writeError } from '../../files.ts';
import { headsOf, type Plan } from '../../plan/index.ts';
import { sync } from './sync.ts';

export class PlansFolder {
  readonly #path: string;

  constructor(updatesFolder: string) {
    this.#path = join(updatesFolder, 'plans');
  }

  /** plan.json of a plan. */
  pathOf(planId: string): string {
    return join(this.#path, planId, 'plan.json');
  }

  /** Where a head of it is fetched to, piece by piece. Under another name than it runs by. */
  partialOf(planId: string, sha256: string): string {
    return join(this.#path, planId, `${sha256}.part`);
  }

  /** @throws CutlineError OUTPUT_NOT_WRITABLE */
  async prepare(planId: string): Promise<void> {
    const folder = join(this.#path, planId);
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw writeError(folder, error);
    });
  }

  /** Gives what was fetched its name; plan.json comes last, so that a plan that is there has all that it names. */
  async complete(plan: Plan): Promise<string> {
    const path = this.pathOf(plan.planId);
    const folder = dirname(path);
    try {
      for (const { sha256, file } of headsOf(plan)) {
        await copyFile(this.partialOf(plan.planId, sha256), join(folder, file));
        await sync(join(folder, file));
      }
      for (const { sha256 } of headsOf(plan)) await rm(this.partialOf(plan.planId, sha256), { force: true });
    } catch (error) {
      throw writeError(folder, error);
    }
    await writeAtomically(path, `${JSON.stringify(plan)}\n`);
    await sync(folder);
    await sync(this.#path);
    return path;
  }

  /** All but those. What cannot be removed stays, and harms nobody. */
  async keepOnly(planIds: readonly string[]): Promise<void> {
    const there = await readdir(this.#path).catch(() => []);
    for (const name of there) {
      if (!planIds.includes(name)) await rm(join(this.#path, name), { recursive: true, force: true }).catch(() => {});
    }
  }
}
