/** A model as a command line asks for it: read, its shapes bound, its inputs fixed. */

import { bindDimensions, parseShapes } from './bind.ts';
import type { Engine } from './engine.ts';
import { modelSha256, openModel } from './file.ts';
import type { Graph } from './graph.ts';
import { fixInputs } from './inputs/fix.ts';
import { type FixedInput, fixedInput } from './inputs/fixed.ts';
import { readInputs } from './inputs/read.ts';
import { settle } from './inputs/settle.ts';

export interface NetworkOptions {
  /** As on the command line: `input=1,3,32,32`. */
  readonly shapes?: readonly string[] | undefined;
  /** As on the command line: `sr=16000`, `text=prompt.npy`. */
  readonly inputs?: readonly string[] | undefined;
}

export interface Network {
  /** With the given shapes bound and inputs fixed only: whatever else is symbolic stays so. */
  readonly graph: Graph;
  /**
   * The same, but where fixed inputs share the batch of those that stay it is one. What follows from them is computed here, and in
   * `graph` again for every batch, since it is repeated for each of its samples.
   */
  readonly single: Graph;
  /** Of the file; what was fixed is not in it. */
  readonly sha256: string;
  readonly fixed: readonly FixedInput[];
}

/**
 * @throws CutlineError for files that cannot be read, and for options that do not fit the model (SHAPE_*, INPUT_*, USAGE)
 */
export async function openNetwork(path: string, options: NetworkOptions, engine: Engine): Promise<Network> {
  const { bytes, graph: loaded } = await openModel(path);
  const bound = bindDimensions(loaded, parseShapes(options.shapes ?? [], loaded));
  const values = await readInputs(options.inputs ?? [], bound);
  const names = [...values.keys()];
  const graph = await settle(fixInputs(bound, values), names, engine);
  const isRepeated = names.some((name) => graph.nodes.some((n) => n.outputs.includes(name)));
  const single = isRepeated ? await settle(fixInputs(bound, values, false), names, engine) : graph;
  const fixed = [...values].map(([name, tensor]) => fixedInput(name, tensor));
  return { graph, single, sha256: modelSha256(bytes), fixed };
}
