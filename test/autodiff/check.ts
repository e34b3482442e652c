/** Checking gradient graphs against central differences of the forward graph, both in float64. */
import type { Graph, ValueInfo } from '../../src/model/graph.ts';
import { sizeOf, type Tensor, type Tensors } from '../../src/model/tensor.ts';
import { numbers } from '../support/compare.ts';
import { runReference } from '../support/reference/index.ts';

/** Half the distance of a central difference: error about h²·f‴ ≈ 1e-10, rounding about 1e-16/h ≈ 1e-11. */
const usualStep = 1e-5;

/** A seeded source of numbers in [-1, 1). */
export type Noise = () => number;

export function noise(seed: number): Noise {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    // xorshift32
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 31 - 1;
  };
}

export const float64 = (data: readonly number[] | Float64Array, shape: readonly number[]): Tensor => ({
  dtype: 'float64',
  shape,
  data: Float64Array.from(data),
});

const single = (t: Tensor): Tensor => ({ ...t, dtype: 'float32', data: Float32Array.from(numbers(t)) });

/** The same feeds with float64 read as float32. */
export function inSinglePrecision(feeds: Tensors): Tensors {
  return Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, t.dtype === 'float64' ? single(t) : t]));
}

/** The graph with the type and shape of every tensor filled in, and with float outputs only. */
export function withShapes(graph: Graph, feeds: Tensors): Graph {
  const names = graph.nodes.flatMap((n) => n.outputs).filter((n) => n !== '');
  const results = runReference(graph, feeds, { precision: 'declared', outputs: names });
  const info = (name: string): ValueInfo => ({ name, dtype: results[name]!.dtype, shape: results[name]!.shape });
  const outputs = graph.outputs.map((o) => info(o.name)).filter((o) => o.dtype === 'float32');
  return { ...graph, outputs, values: new Map(names.map((name) => [name, info(name)])) };
}

/** Random cotangents for the graph's outputs, rounded to float32 so that the engine gets the same ones. */
export function cotangentsOf(graph: Graph, random: Noise): Tensors {
  return Object.fromEntries(
    graph.outputs.map((o) => {
      const shape = o.shape as number[];
      return [
        o.name,
        float64(
          Array.from({ length: sizeOf(shape) }, () => Math.fround(random())),
          shape,
        ),
      ];
    }),
  );
}

/** Feeds of a vector–Jacobian graph. */
export function vjpFeeds(feeds: Tensors, cotangents: Tensors): Tensors {
  return { ...feeds, ...Object.fromEntries(Object.entries(cotangents).map(([n, t]) => [`cotangent:${n}`, t])) };
}

export interface Disagreement {
  readonly input: string;
  readonly where: string;
  readonly rule: number;
  readonly differences: number;
}

export interface CheckOptions {
  /** Relative to the largest slope of the input, at least 1. */
  readonly tolerance: number;
  readonly step?: number;
  /** Coordinates tried of each input, besides one random direction through all of them. Default 10. */
  readonly coordinates?: number;
  /** Leave out directions along which the two one-sided slopes differ: there is a kink within reach. */
  readonly skipKinks?: boolean;
}

/**
 * Compares gradients with central differences of Σ⟨cotangent, output⟩.
 * @param gradients by input name
 * @returns what disagrees, and how many directions were compared
 */
export function compareWithDifferences(
  graph: Graph,
  feeds: Tensors,
  cotangents: Tensors,
  gradients: Tensors,
  random: Noise,
  { tolerance, step = usualStep, coordinates = 10, skipKinks = false }: CheckOptions,
): { readonly wrong: Disagreement[]; readonly compared: number; readonly skipped: number } {
  const loss = (input: string, values: readonly number[], shape: readonly number[]): number =>
    contraction(graph, { ...feeds, [input]: float64(values, shape) }, cotangents);
  const wrong: Disagreement[] = [];
  let compared = 0;
  let skipped = 0;
  for (const [input, gradient] of Object.entries(gradients)) {
    const { shape } = feeds[input]!;
    const x = numbers(feeds[input]!);
    const slopes = numbers(gradient);
    if (`${gradient.shape}` !== `${shape}`) {
      wrong.push({ input, where: `shape [${gradient.shape}] instead of [${shape}]`, rule: Number.NaN, differences: 0 });
      continue;
    }
    const scale = Math.max(1, ...slopes.map(Math.abs));
    const here = skipKinks ? loss(input, x, shape) : 0;
    const along = (where: string, direction: readonly number[]) => {
      const moved = (by: number) =>
        loss(
          input,
          x.map((v, i) => v + by * direction[i]!),
          shape,
        );
      const [up, down] = [moved(step), moved(-step)];
      const differences = (up - down) / (2 * step);
      // A kink between the two points spoils the central difference by at most half of what this second difference shows.
      if (skipKinks && Math.abs(up - 2 * here + down) / step > tolerance * scale) {
        skipped++;
        return;
      }
      const rule = slopes.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      compared++;
      if (!(Math.abs(rule - differences) <= tolerance * scale)) wrong.push({ input, where, rule, differences });
    };
    for (const i of some(x.length, coordinates, random)) {
      along(
        `element ${i}`,
        x.map((_, j) => (i === j ? 1 : 0)),
      );
    }
    if (x.length > coordinates) along('a random direction', unit(x.map(random)));
  }
  return { wrong, compared, skipped };
}

/** Σ⟨cotangent, output⟩ of a graph. */
function contraction(graph: Graph, feeds: Tensors, cotangents: Tensors): number {
  const results = runReference(graph, feeds);
  let sum = 0;
  for (const [name, cotangent] of Object.entries(cotangents)) {
    const y = numbers(results[name]!);
    numbers(cotangent).forEach((c, i) => {
      sum += c * y[i]!;
    });
  }
  return sum;
}

/**
 * Moves all inputs of `gradients` at once along random directions: few evaluations for many inputs, and an error in any
 * of them shows. Directions with a kink within reach are left out.
 */
export function compareJointly(
  graph: Graph,
  feeds: Tensors,
  cotangents: Tensors,
  gradients: Tensors,
  random: Noise,
  { tolerance, step = usualStep, directions }: { tolerance: number; step?: number; directions: number },
): { readonly wrong: Disagreement[]; readonly compared: number; readonly skipped: number } {
  const wrong: Disagreement[] = [];
  let skipped = 0;
  const here = contraction(graph, feeds, cotangents);
  const scale = Math.max(1, ...Object.values(gradients).map((t) => Math.hypot(...numbers(t))));
  for (let n = 0; n < directions; n++) {
    const direction = Object.fromEntries(
      Object.entries(gradients).map(([name, t]) => [name, unit(numbers(t).map(random))]),
    );
    const moved = (by: number): number => {
      const inputs = Object.entries(direction).map(([name, d]) => {
        const x = numbers(feeds[name]!);
        return [
          name,
          float64(
            x.map((v, i) => v + by * d[i]!),
            feeds[name]!.shape,
          ),
        ] as const;
      });
      return contraction(graph, { ...feeds, ...Object.fromEntries(inputs) }, cotangents);
    };
    const [up, down] = [moved(step), moved(-step)];
    if (Math.abs(up - 2 * here + down) / step > tolerance * scale) {
      skipped++;
      continue;
    }
    const rule = Object.entries(gradients).reduce(
      (sum, [name, t]) => numbers(t).reduce((s, g, i) => s + g * direction[name]![i]!, sum),
      0,
    );
    const differences = (up - down) / (2 * step);
    if (!(Math.abs(rule - differences) <= tolerance * scale)) {
      wrong.push({ input: 'all', where: `direction ${n}`, rule, differences });
    }
  }
  return { wrong, compared: directions - skipped, skipped };
}

function unit(direction: readonly number[]): number[] {
  const length = Math.hypot(...direction);
  return direction.map((v) => v / length);
}

/** Up to `count` different numbers below n. */
function some(n: number, count: number, random: Noise): number[] {
  if (n <= count) return Array.from({ length: n }, (_, i) => i);
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(Math.floor(((random() + 1) / 2) * n));
  return [...chosen];
}

/** `gradient:<input>` outputs by input. */
export function byInput(outputs: Tensors): Tensors {
  return Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name.slice('gradient:'.length), t]));
}
