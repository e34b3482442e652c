/** The memory that a network really takes: of a process that loads and runs it, at its highest, beside one without. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { CutlineError } from '../../errors.ts';
import { writeAtomically } from '../../files.ts';
import { encodeModel, type Graph } from '../../model/index.ts';
import type { MeasuredModel } from '../../profile/index.ts';

const answerSchema = z.object({ bytes: z.number().positive() });

/** @param command the built `cli/main.js` @throws CutlineError PROCESS_ENDED, CANCELLED */
export async function measureResident(
  graph: Graph,
  { command, threads, signal }: { readonly command: string; readonly threads: number; readonly signal?: AbortSignal },
): Promise<NonNullable<MeasuredModel['resident']>> {
  const script = join(dirname(command), '../device/profiler/resident-process.js');
  const folder = await mkdtemp(join(tmpdir(), 'cutline-resident-'));
  const of = async (path: string): Promise<number> => {
    try {
      const run = promisify(execFile)(process.execPath, [script, path, `${threads}`], signal ? { signal } : {});
      return answerSchema.parse(JSON.parse((await run).stdout)).bytes;
    } catch (cause) {
      if (signal?.aborted) throw new CutlineError('CANCELLED', {}, { cause });
      const problem = 'the process that measures memory ended; the network may take more than there is';
      throw new CutlineError('PROCESS_ENDED', { name: 'cutline profile', problem }, { cause });
    }
  };
  const figure = (value: number, note: string) => ({ value, unit: 'B' as const, source: 'measured' as const, note });
  try {
    const path = join(folder, 'network.onnx');
    await writeAtomically(path, encodeModel(graph));
    return {
      bytes: figure(await of(path), 'highest resident set of a process with the whole network'),
      emptyBytes: figure(await of(''), 'highest resident set of the same process without'),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A sentence where what was measured leaves too little of the machine's memory; the rest is the system's. */
export function memoryWarning(residentBytes: number, memoryBytes: number, name: string): string | undefined {
  if (residentBytes <= 0.75 * memoryBytes) return undefined;
  const mb = (bytes: number) => Math.round(bytes / 2 ** 20);
  return `${name} took ${mb(residentBytes)} MB of this machine's ${mb(memoryBytes)}: it will swap or be ended; cut it earlier or take a smaller model`;
}
