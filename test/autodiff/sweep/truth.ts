/** What a gradient is compared with: the function itself, in as many digits as there are to be had. */
import { raiseOpset } from '../../../src/autodiff/index.ts';
import type { Engine } from '../../../src/engine/index.ts';
import { CutlineError } from '../../../src/errors.ts';
import type { Graph, Tensor, Tensors } from '../../../src/model/index.ts';
import { numbers } from '../../support/compare.ts';
import { runReference } from '../../support/reference/index.ts';
import { Draft, type Precision } from './draft.ts';
import type { Variant } from './variant.ts';

export function write(into: (s: Draft) => void, variant: Variant, precision: Precision): Draft {
  const draft = new Draft(variant.opset, precision);
  into(draft);
  return draft;
}

export const outputsOf = (names: Tensors, results: Tensors): number[] =>
  Object.keys(names).flatMap((name) => numbers(results[name]!));

/** What float64 kernels the engine has is asked once for each operator. */
const withoutDouble = new Set<string>();

/** The function Σ ⟨cotangent, output⟩ of one input, the others standing still. */
export class Truth {
  readonly precision: Precision;
  readonly #run: (feeds: Tensors) => Promise<Tensors>;
  readonly #feeds: Tensors;
  readonly #cotangents: Tensors;
  readonly close: () => Promise<void>;

  constructor(
    precision: Precision,
    run: (feeds: Tensors) => Promise<Tensors>,
    feeds: Tensors,
    cotangents: Tensors,
    close: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.precision = precision;
    this.#run = run;
    this.#feeds = feeds;
    this.#cotangents = cotangents;
    this.close = close;
  }

  /** All outputs at the point itself. */
  async here(): Promise<number[]> {
    return outputsOf(this.#cotangents, await this.#run(this.#feeds));
  }

  /** With one input moved along a direction. */
  async at(input: string, direction: readonly number[], by: number): Promise<number> {
    const { shape, data } = this.#feeds[input]!;
    const moved = Array.from(data as Float64Array, (v, i) => v + by * direction[i]!);
    const kind = this.precision === 'float64' ? Float64Array : Float32Array;
    const point: Tensor = { dtype: this.precision, shape, data: kind.from(moved) };
    const outputs = await this.#run({ ...this.#feeds, [input]: point });
    let sum = 0;
    for (const [name, dy] of Object.entries(this.#cotangents)) {
      const y = numbers(outputs[name]!);
      // A window that holds padding only has no value: its slope must count as zero.
      numbers(dy).forEach((d, i) => {
        if (Math.abs(y[i]!) < 1e30) sum += d * y[i]!;
      });
    }
    return sum;
  }
}

/** In float64 where the engine has kernels for it; what is raised, by the reference interpreter. */
export async function truthOf(
  engine: Engine,
  variant: Variant,
  single: Draft,
  graph: Graph,
  cotangents: Tensors,
): Promise<Truth> {
  const into = variant.twin ?? variant.write;
  const double = write(into, variant, 'float64');
  const feeds = { float32: Object.fromEntries(single.feeds), float64: Object.fromEntries(double.feeds) };
  if (variant.raised) {
    const raised = raiseOpset(graph);
    return new Truth('float64', (point) => Promise.resolve(runReference(raised, point)), feeds.float64, cotangents);
  }
  const on = async (precision: Precision, loaded: Graph): Promise<Truth> => {
    const session = await engine.load(loaded);
    return new Truth(
      precision,
      (point) => session.run(point),
      feeds[precision],
      cotangents,
      () => session.close(),
    );
  };
  const kind = `${double.graph().nodes.map((n) => n.op)} ${variant.opset}`;
  if (!variant.single && !withoutDouble.has(kind)) {
    try {
      const truth = await on('float64', double.graph());
      await truth.here();
      return truth;
    } catch (error) {
      if (!(error instanceof CutlineError && error.code.startsWith('ENGINE_'))) throw error;
      withoutDouble.add(kind);
    }
  }
  return on('float32', variant.twin ? write(into, variant, 'float32').graph() : single.graph());
}
