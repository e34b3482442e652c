/** What `cutline split` does: two files or none. */
import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CutlineError } from '../errors.ts';
import { makeFolder, writeAtomically } from '../files.ts';
import { hasSymbolicBatch } from './bind.ts';
import { type CutInputs, cutInputs, inputsBehind, pictureInput } from './cuts/behind.ts';
import { type Cut, findCuts } from './cuts/find.ts';
import { resolveCut } from './cuts/resolve.ts';
import type { Engine } from './engine.ts';
import { modelSha256 } from './file.ts';
import type { Graph } from './graph.ts';
import { inferBatchShapes } from './infer/batch.ts';
import type { FixedInput } from './inputs/fixed.ts';
import { encodeModel } from './onnx/write.ts';
import { type NetworkOptions, openNetwork } from './open.ts';
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
  /** Of a model with several inputs: what the cut has to do with them. */
  readonly inputs?: CutInputs;
  /** What `--input` fixed: weights of the halves now. */
  readonly fixed?: readonly FixedInput[];
}

export interface SplitOptions extends NetworkOptions {
  /** Id of the cut. */
  readonly at: string;
  /** Folder for `head.onnx` and `tail.onnx`; made when missing. */
  readonly out: string;
  /** Asked where there are several inputs: which of them takes the picture; else it is `pictureInput`. */
  readonly picture?: () => Promise<string | undefined>;
  readonly note?: (text: string) => void;
}

export async function splitModel(path: string, engine: Engine, options: SplitOptions): Promise<SplitFiles> {
  const { graph, single, fixed } = await openNetwork(path, options, engine);
  const ready = await prepare(single, engine);
  const several = ready.inputs.length > 1;
  const named = several ? await options.picture?.() : undefined;
  const picture = ready.inputs.find((v) => v.name === named)?.name ?? pictureInput(ready);
  const cut = resolveCut(findCuts(ready, { along: picture }), options.at, ready);
  const parts = await splitKeepingBatch(graph, ready, cut, engine, options.note);
  const inputs = several ? cutInputs(cut.tensors, ready.inputs, inputsBehind(ready), picture) : undefined;
  if (inputs) options.note?.(reachSentence(inputs, picture));
  if (graph !== single) {
    options.note?.(
      'what is fixed shares its batch with what is not: it is computed again for every batch (bind it with --shape to have it computed once)',
    );
  }
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
    ...(inputs && { inputs }),
    ...(fixed.length > 0 && { fixed }),
  };
}

function reachSentence({ whole, fix }: CutInputs, picture: string | undefined): string {
  const crosses = whole.length > 0 ? `${whole.join(', ')} ${whole.length > 1 ? 'are' : 'is'} sent as it is; ` : '';
  if (picture === undefined)
    return `${crosses}which input takes the picture is not known, so an audit cannot reach this cut`;
  if (fix === null) return `${crosses}the cut tells nothing of ${picture}`;
  if (fix.length === 0) return `${crosses}an audit reaches this cut with pictures for ${picture} alone`;
  return `${crosses}an audit reaches this cut only with ${fix.map((name) => `--input ${name}=…`).join(' ')}`;
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
      `the batch is symbolic, but halves for any batch cannot be made (${error.message}): they are for a batch of 1`,
    );
    return split(fixed, cut);
  }
}

const batchFailures = new Set(['ENGINE_LOAD', 'ENGINE_RUN', 'ENGINE_MEMORY', 'MODEL_MEMORY', 'SHAPE_UNKNOWN']);

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
