/** From a file's graph to one whose every shape is known. */

import { bindBatch, bindDimensions, hasSymbolicBatch, type Shapes } from './bind.ts';
import type { Engine } from './engine.ts';
import type { Graph } from './graph.ts';
import { inferShapes } from './infer/shapes.ts';

export interface PrepareOptions {
  /** Shapes of inputs with symbolic dimensions. */
  readonly shapes?: Shapes;
  /** Told what was assumed. */
  readonly note?: (text: string) => void;
}

/**
 * Binds the given shapes, and batch 1 where the batch is still symbolic (and says so), then infers all shapes.
 * @throws CutlineError SHAPE_UNBOUND, SHAPE_CONFLICT, SHAPE_INPUT_UNKNOWN, ENGINE_LOAD
 */
export async function prepare(graph: Graph, engine: Engine, options: PrepareOptions = {}): Promise<Graph> {
  const given = bindDimensions(graph, options.shapes ?? {});
  const bound = hasSymbolicBatch(given) ? bindBatch(given, 1) : given;
  const inferred = await inferShapes(bound, engine);
  if (bound !== given) options.note?.('the batch is symbolic: figures are for a batch of 1 (--shape sets another)');
  return inferred;
}
