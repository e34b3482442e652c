/** A plan's folder: plan.json, head.onnx, tail.onnx, those of the other routes of its safe set, and the audit behind it where the planner made it. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../files.ts';
import type { Plan } from '../plan/index.ts';
import type { PlanOutcome } from './make.ts';

/** What a plan's folder may hold. */
export const planFiles = ['head.onnx', 'tail.onnx', 'audit.json', 'plan.json'] as const;

/**
 * Each file is whole or not there; plan.json, which names the others by digest, comes last, so that whoever reads
 * between two writes is refused, never misled.
 * @throws CutlineError OUTPUT_NOT_WRITABLE
 */
export async function writePlan(folder: string, plan: Plan, outcome: PlanOutcome): Promise<string> {
  await write(folder, 'head.onnx', outcome.head);
  await write(folder, 'tail.onnx', outcome.tail);
  for (const name of await olderParts(folder)) await write(folder, name, null);
  for (const { file, data } of outcome.parts) await write(folder, file, data);
  if (outcome.auditDocument !== undefined) await write(folder, 'audit.json', outcome.auditDocument);
  const path = join(folder, 'plan.json');
  await writeAtomically(path, `${JSON.stringify(plan, null, 2)}\n`);
  return path;
}

/** Of the routes of a safe set. */
async function olderParts(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  return names.filter((name) => /^(head|tail)-\d+\.onnx$/.test(name));
}

/** What the plan does not have must not lie there from an older one; without one it is somebody else's. */
async function write(folder: string, name: string, data: Uint8Array | string | null): Promise<void> {
  const path = join(folder, name);
  if (data !== null) return writeAtomically(path, data);
  const isOlder = await stat(join(folder, 'plan.json')).then(
    () => true,
    () => false,
  );
  if (isOlder) await rm(path, { force: true });
}
