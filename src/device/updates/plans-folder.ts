/** The plans that were pushed, each a folder with plan.json and its head, as the planner writes them. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomically, writeError } from '../../files.ts';
import type { Plan } from '../../plan/index.ts';
import { syncFolder } from './sync-folder.ts';

export class PlansFolder {
  readonly #path: string;

  constructor(updatesFolder: string) {
    this.#path = join(updatesFolder, 'plans');
  }

  /** plan.json of a plan. */
  pathOf(planId: string): string {
    return join(this.#path, planId, 'plan.json');
  }

  /** Where its head is fetched to, piece by piece. Under another name than it runs by. */
  partialOf(planId: string): string {
    return join(this.#path, planId, 'head.part');
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
      if (plan.head) await rename(this.partialOf(plan.planId), join(folder, plan.head.file));
    } catch (error) {
      throw writeError(folder, error);
    }
    await writeAtomically(path, `${JSON.stringify(plan)}\n`);
    await syncFolder(folder);
    await syncFolder(this.#path);
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
