/** What `cutline split` does: two files or none. */
import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { CutlineError } from '../errors.ts';
import { makeFolder, writeAtomically } from '../files.ts';
import { bindDimensions, hasSymbolicBatch, parseShapes } from './bind.ts';
import { type Cut, findCuts } from './cuts/find.ts';
import { resolveCut } from './cuts/resolve.ts';
import { loadModel, modelSha256 } from './file.ts';
import type { Graph } from './graph.ts';
import { inferBatchShapes } from './infer.ts';
import { encodeModel } from './onnx/write.ts';
import { prepare } from './prepare.ts';
import { type Split, split } from './split.ts';

export interface SplitFiles {
  readonly format: 'cutline.split/1';
  readonly cut: string;
  /** Paths. */
  readonly head: string;
  readonly tail: string;
  readonly headSha256: string;
  readonly tailSha256: string;
}

export interface SplitOptions {
  /** Id of the cut. */
  readonly at: string;
  /** Folder for `head.onnx` and `tail.onnx`; made when missing. */
  readonly out: string;
  /** As on the command line: `input=1,3,32,32`. */
  readonly shapes?: readonly string[];
  readonly note?: (text: string) => void;
}

export async function splitModel(path: string, engine: Engine, options: SplitOptions): Promise<SplitFiles> {
  const graph = await loadModel(path);
  const shapes = parseShapes(options.shapes ?? [], graph);
  const fixed = await prepare(graph, engine, { shapes });
  const cut = resolveCut(findCuts(fixed), options.at, fixed);
  const parts = await splitKeepingBatch(bindDimensions(graph, shapes), fixed, cut, engine, options.note);
  const [head, tail] = [encodeModel(parts.head), encodeModel(parts.tail)];
  const written = { head: join(options.out, 'head.onnx'), tail: join(options.out, 'tail.onnx') };
  await writeBoth(options.out, [
    [written.head, head],
    [written.tail, tail],
  ]);
  return {
    format: 'cutline.split/1',
    cut: cut.id,
    ...written,
    headSha256: modelSha256(head),
    tailSha256: modelSha256(tail),
  };
}

/** A symbolic batch stays symbolic in both halves, if the model really works with any. */
async function splitKeepingBatch(
  graph: Graph,
  fixed: Graph,
  cut: Cut,
  engine: Engine,
  note: SplitOptions['note'],
): Promise<Split> {
  if (!hasSymbolicBatch(graph)) return split(fixed, cut);
  try {
    return split(await inferBatchShapes(graph, engine), cut);
  } catch (error) {
    if (!(error instanceof CutlineError) || !batchFailures.has(error.code)) throw error;
    note?.(
      `the batch is symbolic, but the model does not work with every batch (${error.message}): halves are for a batch of 1`,
    );
    return split(fixed, cut);
  }
}

const batchFailures = new Set(['ENGINE_LOAD', 'ENGINE_RUN', 'SHAPE_UNKNOWN']);

/** Both are complete beside their places before either moves there. */
async function writeBoth(
  folder: string,
  files: readonly (readonly [path: string, bytes: Uint8Array])[],
): Promise<void> {
  const staging = join(folder, `.cutline-${randomBytes(6).toString('hex')}`);
  let made: string | undefined;
  try {
    made = await makeFolder(staging);
    for (const [i, [, bytes]] of files.entries()) await writeAtomically(join(staging, String(i)), bytes);
    for (const [i, [path]] of files.entries()) await rename(join(staging, String(i)), path);
    await rm(staging, { recursive: true, force: true });
  } catch (error) {
    // Folders made for this are taken away again.
    if (made !== undefined) await rm(made, { recursive: true, force: true }).catch(() => {});
    if (error instanceof CutlineError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CutlineError('OUTPUT_NOT_WRITABLE', { path: folder, problem: code ?? message }, { cause: error });
  }
}
