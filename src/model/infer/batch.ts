/** Shapes for any batch: which dimensions grow with which batch is found by comparing several. */

import { CutlineError } from '../../errors.ts';
import { batchNames, bindNames } from '../bind.ts';
import { fluidTensors } from '../dependence.ts';
import { nameBatches, renameBatches } from '../dims/batches.ts';
import { formulaOf } from '../dims/formula.ts';
import type { Engine } from '../engine.ts';
import type { Dim, Graph, ValueInfo } from '../graph.ts';
import { fixedShape } from '../values.ts';
import { inferShapes } from './shapes.ts';

/** Sizes to ask at: different for each batch and each time, so that no two are mistaken for one another. */
const primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
/** More batches than that are not told apart. */
const mostBatches = primes.length / 3;

/**
 * Like `inferShapes`, for a graph whose inputs are bound but for their batches: a dimension that grows with them is written
 * as it does, `batch`, `12*batch`, `image_batch*text_batch`, and is '' where it does so in another way. Batches of different
 * names, or without one, are each their own where the graph runs with unequal ones.
 * @throws CutlineError ENGINE_LOAD, ENGINE_RUN, SHAPE_UNKNOWN where it works with no batch but 1
 */
export async function inferBatchShapes(graph: Graph, engine: Engine): Promise<Graph> {
  const named = await separated(nameBatches(graph), engine);
  const names = batchNames(named);
  const choice = (round: number, i: number) => primes[round * names.length + i]!;
  const base = names.map((_, i) => choice(0, i));
  const moved = names.map((_, i) => base.map((n, j) => (i === j ? choice(1, i) : n)));
  const check = names.map((_, i) => choice(2, i));
  const samples: { at: readonly number[]; graph: Graph }[] = [];
  for (const at of [base, ...moved, check]) samples.push({ at, graph: await inferAt(named, names, at, engine) });

  const dimension = (name: string, axis: number): Dim => {
    const lengths = samples.map((s) => ({ at: s.at, length: s.graph.values.get(name)!.shape[axis] }));
    if (lengths.some((s) => typeof s.length !== 'number')) return '';
    const [first, ...others] = lengths as { at: readonly number[]; length: number }[];
    return formulaOf(names, first!, others.slice(0, -1), others.at(-1)!) ?? '';
  };
  const joined = (v: ValueInfo): ValueInfo => {
    const all = samples.map((s) => s.graph.values.get(v.name)!);
    if (v.unknown) return v;
    if (all.some((o) => o.unknown || o.shape.length !== v.shape.length)) return { ...v, shape: [], unknown: 'shape' };
    return { ...v, shape: v.shape.map((_, axis) => dimension(v.name, axis)) };
  };
  const values = new Map([...samples[0]!.graph.values].map(([name, v]) => [name, joined(v)]));
  return { ...named, values, outputs: samples[0]!.graph.outputs.map((v) => values.get(v.name) ?? outputOf(named, v)) };
}

/** An output that is an input or a weight. */
const outputOf = (graph: Graph, v: ValueInfo): ValueInfo => graph.inputs.find((i) => i.name === v.name) ?? v;

async function inferAt(graph: Graph, names: readonly string[], at: readonly number[], engine: Engine): Promise<Graph> {
  const inferred = await inferShapes(bindNames(graph, new Map(names.map((name, i) => [name, at[i]!]))), engine);
  const lost = await lostIn(
    inferred,
    () =>
      inferAt(
        graph,
        names,
        names.map(() => 1),
        engine,
      ),
    at,
  );
  if (lost !== undefined) throw new CutlineError('SHAPE_UNKNOWN', { tensor: lost });
  return inferred;
}

/** A tensor whose shape is known for a batch of 1, and not for these: the graph did not run with them. */
async function lostIn(graph: Graph, forOne: () => Promise<Graph>, at: readonly number[]): Promise<string | undefined> {
  if (at.every((n) => n === 1)) return undefined;
  const fluid = fluidTensors(graph);
  const open = [...graph.values.values()].filter((v) => v.unknown !== 'opaque' && !fixedShape(v) && !fluid.has(v.name));
  if (open.length === 0) return undefined;
  const one = await forOne();
  return open.find((v) => fixedShape(one.values.get(v.name)))?.name;
}

/**
 * The graph with one name for batches that must be equal. Tried first is that none must; then each by itself against the
 * rest.
 */
async function separated(graph: Graph, engine: Engine): Promise<Graph> {
  const names = batchNames(graph);
  if (names.length < 2) return graph;
  const works = async (numbers: readonly number[]): Promise<boolean> => {
    try {
      await inferAt(graph, names, numbers, engine);
      return true;
    } catch (error) {
      if (error instanceof CutlineError && error.code !== 'CANCELLED') return false;
      throw error;
    }
  };
  if (names.length <= mostBatches && (await works(names.map((_, i) => primes[i]!)))) return graph;
  const tied: string[] = [];
  for (const name of names) if (!(await works(names.map((n) => (n === name ? 3 : 2))))) tied.push(name);
  // Each alone may differ from the others without all of them differing at once.
  const free = names.length - tied.length;
  const together = free < mostBatches && (await works(names.map((n, i) => (tied.includes(n) ? 2 : primes[i + 1]!))));
  const equal = together ? tied : names;
  return renameBatches(graph, new Map(equal.map((name) => [name, equal[0]!])));
}
