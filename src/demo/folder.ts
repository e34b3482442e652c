/** A demo writes many files by fixed names: it takes a folder of its own, or the one of an earlier demo. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CutlineError } from '../errors.ts';
import { planFiles } from '../planner/index.ts';

const own =
  /^(agent\.(json|yaml)|audit\.json|consumer\.yaml|demo\.json|images|plan|profile\.yaml|report\.html|results\.jsonl(\.partial)?|sheet\.png)$/;
const ownPicture = /^\d{4,}\.png$/;

/** @throws CutlineError USAGE when there is anything that no demo puts there */
export async function requireOwnFolder(out: string): Promise<void> {
  const plan: readonly string[] = planFiles;
  await refuseOthers(out, (name) => own.test(name));
  await refuseOthers(join(out, 'images'), (name) => ownPicture.test(name));
  await refuseOthers(join(out, 'plan'), (name) => plan.includes(name));
}

async function refuseOthers(folder: string, isOwn: (name: string) => boolean): Promise<void> {
  // What is no folder is told when it is to be written to.
  const names = await readdir(folder).catch(() => []);
  const other = names.find((name) => !name.startsWith('.') && !isOwn(name));
  if (other === undefined) return;
  throw new CutlineError('USAGE', {
    problem: `--out: ${folder} holds ${other}, which is not of a demo and might be lost. Choose a new or an empty folder.`,
  });
}
