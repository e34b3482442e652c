/** How strongly the head's output follows its input: ‖J‖² = tr JᵀJ of each picture, from random probes. */

import { loadGradient, vectorJacobianGraph } from '../../autodiff/index.ts';
import type { Preprocessing } from '../../data/index.ts';
import type { Engine, Session } from '../../engine/index.ts';
import { CutlineError, type ErrorCode } from '../../errors.ts';
import { fullChunks } from '../../full-chunks.ts';
import { asFloat32, float32, type Graph, rowsOf, sizeOf, type Tensor, type Tensors } from '../../model/index.ts';
import type { Random } from '../../random.ts';

/** Exact products with the Jacobian, or forward differences where the head has an operator without a rule. */
export type JacobianMethod = 'gradients' | 'differences';

export interface Jacobian {
  /** An estimate of tr JᵀJ for each picture, with respect to pixels in [0, 1]: the head takes (pixel − mean) / std. */
  readonly traces: Float64Array;
  readonly method: JacobianMethod;
  readonly probes: number;
}

export interface JacobianOptions {
  readonly engine: Engine;
  /** The head for a batch of n, shapes known. */
  readonly head: (n: number) => Promise<Graph>;
  /** Network inputs [n, …]. */
  readonly inputs: Tensor;
  readonly preprocessing: Preprocessing;
  /** Random directions for each picture. */
  readonly probes: number;
  /** Pictures at once. */
  readonly chunk: number;
  /** Left out: gradients, and differences where they do not exist. */
  readonly method?: JacobianMethod | undefined;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
}

/** Codes of heads that differences can still be taken of. */
const withoutGradient = new Set<ErrorCode>(['NO_GRADIENT_RULE', 'GRADIENT_REFUSED']);

/**
 * Hutchinson's estimator (1989) with signs ±1, which vary less than normal probes: E‖Jᵀu‖² = E‖Jv‖² = tr JᵀJ.
 * @throws CutlineError NO_GRADIENT_RULE, GRADIENT_REFUSED only where `method` asks for gradients
 */
export async function squaredJacobian(options: JacobianOptions): Promise<Jacobian> {
  const { method } = options;
  if (method !== 'differences') {
    try {
      return await estimate(options, 'gradients', gradientProbe);
    } catch (error) {
      const missing = error instanceof CutlineError && withoutGradient.has(error.code);
      if (!missing || method === 'gradients') throw error;
    }
  }
  return estimate(options, 'differences', differenceProbe);
}

/** One random direction for each picture of a chunk: squares of the products' lengths. */
type Probe = (inputs: Tensor, random: Random) => Promise<Float64Array>;
type ProbeOf = (head: Graph, options: JacobianOptions) => Promise<{ readonly session: Session; readonly probe: Probe }>;

async function estimate(options: JacobianOptions, method: JacobianMethod, probeOf: ProbeOf): Promise<Jacobian> {
  const { inputs, probes } = options;
  const count = inputs.shape[0]!;
  const n = Math.min(options.chunk, count);
  const { session, probe } = await probeOf(await options.head(n), options);
  try {
    const traces = new Float64Array(count);
    for (const { first: at } of fullChunks(count, n)) {
      const part = rowsOf(inputs, at, n);
      const random = options.random.fork(at);
      const sums = new Float64Array(n);
      for (let k = 0; k < probes; k++) {
        const squares = await probe(part, random);
        for (let i = 0; i < n; i++) sums[i]! += squares[i]! / probes;
      }
      traces.set(sums, at);
    }
    return { traces, method, probes };
  } finally {
    await session.close();
  }
}

const gradientProbe: ProbeOf = async (head, { engine, preprocessing, signal }) => {
  const graph = vectorJacobianGraph(head);
  const cotangents = graph.inputs.filter((v) => v.name.startsWith('cotangent:'));
  const [input] = head.inputs;
  const session = await loadGradient(engine, graph, signal && { signal });
  return {
    session,
    async probe(inputs, random) {
      const feeds: Record<string, Tensor> = { [input!.name]: inputs };
      for (const { name, shape } of cotangents) {
        feeds[name] = float32(signs(sizeOf(shape as number[]), random), shape as number[]);
      }
      const out = await session.run(feeds, signal && { signal });
      const gradient = asFloat32(out[`gradient:${input!.name}`]);
      const scale = inverseStd(inputs.shape, preprocessing);
      return squaresOfRows(inputs.shape[0]!, gradient.length, (k) => gradient[k]! * scale(k));
    },
  };
};

/**
 * Of a pixel. Where activations switch within the step the slope comes out too small and the bound too high: at LeNet's
 * ReLU2 by 7 % with 1e-3, by less than 1 % with 1e-4, where float32 rounding still adds less than a thousandth.
 */
const step = 1e-4;

const differenceProbe: ProbeOf = async (head, { engine, preprocessing, signal }) => {
  const [input] = head.inputs;
  const session = await engine.load(head, signal && { signal });
  const run = (inputs: Tensor): Promise<Tensors> => session.run({ [input!.name]: inputs }, signal && { signal });
  return {
    session,
    async probe(inputs, random) {
      const centre = asFloat32(inputs);
      const scale = inverseStd(inputs.shape, preprocessing);
      const direction = signs(centre.length, random);
      const moved = (h: number) =>
        float32(
          centre.map((v, k) => v + h * direction[k]! * scale(k)),
          inputs.shape,
        );
      const [up, down] = [await run(moved(step)), await run(moved(-step))];
      const count = inputs.shape[0]!;
      const total = new Float64Array(count);
      for (const name of Object.keys(up)) {
        const [a, b] = [asFloat32(up[name]), asFloat32(down[name])];
        const squares = squaresOfRows(count, a.length, (k) => (a[k]! - b[k]!) / (2 * step));
        for (let i = 0; i < count; i++) total[i]! += squares[i]!;
      }
      return total;
    },
  };
};

function signs(length: number, random: Random): Float32Array {
  return random.fillUniform(new Float32Array(length), -1, 1).map((v) => (v < 0 ? -1 : 1));
}

function squaresOfRows(rows: number, length: number, value: (index: number) => number): Float64Array {
  const size = length / rows;
  const out = new Float64Array(rows);
  for (let k = 0; k < length; k++) out[Math.floor(k / size)]! += value(k) ** 2;
  return out;
}

/** Network inputs move 1/std times as far as pixels do. */
function inverseStd(shape: readonly number[], { layout, channels, std }: Preprocessing): (index: number) => number {
  const area = shape[2]! * (layout === 'NCHW' ? shape[3]! : 1);
  const inverse = std.map((s) => 1 / s);
  return layout === 'NCHW' ? (k) => inverse[Math.floor(k / area) % channels]! : (k) => inverse[k % channels]!;
}
