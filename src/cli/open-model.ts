/** A model as most commands want it: batch bound to one, every shape known, its cuts found. */
import { basename, extname } from 'node:path';
import type { Engine } from '../engine/index.ts';
import type { Cut, FixedInput, Graph, NetworkOptions } from '../model/index.ts';

export interface OpenModel {
  readonly path: string;
  /** The file's name without its ending. */
  readonly name: string;
  readonly sha256: string;
  /** Inputs that are part of the graph now. */
  readonly fixed?: readonly FixedInput[];
  readonly graph: Graph;
  /** With the given shapes bound and inputs fixed only: audits run it for many pictures at once. */
  readonly unbound: Graph;
  readonly cuts: readonly Cut[];
}

/** @throws CutlineError for files and models that cannot be read, options that do not fit, dimensions that stay unbound */
export async function openModel(path: string, options: NetworkOptions, engine: Engine): Promise<OpenModel> {
  const model = await import('../model/index.ts');
  const { graph: unbound, single, sha256, fixed } = await model.openNetwork(path, options, engine);
  const graph = await model.prepare(single, engine);
  return {
    path,
    name: basename(path, extname(path)),
    sha256,
    fixed,
    graph,
    unbound,
    cuts: model.findCuts(graph),
  };
}
