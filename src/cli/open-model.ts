/** A model as most commands want it: batch bound to one, every shape known, its cuts found. */
import { basename, extname } from 'node:path';
import type { Engine } from '../engine/index.ts';
import type { Cut, Graph } from '../model/index.ts';

export interface OpenModel {
  readonly path: string;
  /** The file's name without its ending. */
  readonly name: string;
  readonly sha256: string;
  readonly graph: Graph;
  /** With the given shapes bound only: audits run it for many pictures at once. */
  readonly unbound: Graph;
  readonly cuts: readonly Cut[];
}

/**
 * @param shapes as `--shape` gives them
 * @throws CutlineError for files and models that cannot be read, and dimensions that stay unbound
 */
export async function openModel(path: string, shapes: readonly string[], engine: Engine): Promise<OpenModel> {
  const model = await import('../model/index.ts');
  const { bytes, graph: loaded } = await model.openModel(path);
  const unbound = model.bindDimensions(loaded, model.parseShapes(shapes, loaded));
  const graph = await model.prepare(unbound, engine);
  return {
    path,
    name: basename(path, extname(path)),
    sha256: model.modelSha256(bytes),
    graph,
    unbound,
    cuts: model.findCuts(graph),
  };
}
