/** Makes of a generator from a file one that makes this network's inputs, or says why it cannot be. */
import { inputShape, type Preprocessing } from '../../../data/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { CutlineError } from '../../../errors.ts';
import {
  fixedShape,
  float32,
  type Graph,
  GraphBuilder,
  hasSymbolicBatch,
  inferShapes,
  type ValueInfo,
  withBatch,
} from '../../../model/index.ts';
import type { Generator } from './generator.ts';

/** How a generator writes pixels: value = (pixel in [0, 1] − mean) / std, one of each a channel. */
export interface PixelScale {
  readonly layout: Preprocessing['layout'];
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * @param graph one float32 input [n, …], one output: pictures [n, …]
 * @param scale of what it makes. Default: it makes network inputs
 * @throws CutlineError GENERATOR_UNFIT
 */
export async function fittingGenerator(
  graph: Graph,
  picture: Preprocessing,
  engine: Engine,
  scale?: PixelScale,
): Promise<Generator> {
  const wanted = inputShape(2, { ...picture, layout: scale?.layout ?? picture.layout });
  const refuse = (problem: string): never => {
    throw new CutlineError('GENERATOR_UNFIT', { name: graph.name, problem, row: wanted.slice(1).join(',') });
  };
  const text = (values: readonly ValueInfo[]) =>
    values.map((v) => `${v.name} ${v.dtype} [${v.shape}]`).join(', ') || 'nothing';
  const [input, ...others] = graph.inputs;
  const row = input?.shape.slice(1) ?? [];
  const isCode = row.every((d) => typeof d === 'number') && row.some((d) => d > 1);
  if (!input || others.length > 0 || input.dtype !== 'float32' || !isCode) return refuse(`takes ${text(graph.inputs)}`);
  // What was exported for one picture is changed through the shapes that are known of it.
  const open = hasSymbolicBatch(graph) ? graph : await inferShapes(graph, engine);
  const forBatch = async (n: number) => inferShapes(withBatch(open, n), engine);
  const made = (await forBatch(2)).outputs;
  const fits = made.length === 1 && made[0]!.dtype === 'float32' && String(fixedShape(made[0])) === String(wanted);
  if (!fits) return refuse(`makes ${text(made)} of two codes`);
  return {
    codeShape: row as number[],
    graph: async (n) => {
      const own = await forBatch(n);
      return scale ? inferShapes(asInputs(own, scale, picture), engine) : own;
    },
  };
}

/** pixel = value · std + mean, and input = (pixel − mean′) / std′: one multiplication and one addition. */
function asInputs(graph: Graph, from: PixelScale, picture: Preprocessing): Graph {
  const { channels, mean, std, layout } = picture;
  const b = GraphBuilder.from(graph);
  const shape = from.layout === 'NCHW' ? [channels, 1, 1] : [channels];
  const each = (value: (c: number) => number) => {
    const values = Array.from({ length: channels }, (_, c) => value(c));
    return b.initializer(float32(values, shape));
  };
  const scaled = b.op('Mul', [graph.outputs[0]!.name, each((c) => from.std[c]! / std[c]!)]);
  let x = b.op('Add', [scaled, each((c) => (from.mean[c]! - mean[c]!) / std[c]!)]);
  if (from.layout !== layout) x = b.op('Transpose', [x], { perm: layout === 'NCHW' ? [0, 3, 1, 2] : [0, 2, 3, 1] });
  b.output(x);
  return b.build(graph.name);
}
