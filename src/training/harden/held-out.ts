/** How well a code does on pictures that it was not learnt from. */
import { type Engine, runRows } from '../../engine/index.ts';
import { asFloat32, type Graph, inSinglePrecision, type Tensor } from '../../model/index.ts';
import { agreements, argMaxRows } from '../../numeric/index.ts';
import type { AnswerKind } from './answers.ts';
import type { Known } from './features.ts';
import { outputs } from './network.ts';
import { rowsOf } from './rows.ts';
import type { CodeShape } from './shape.ts';

export interface Judged {
  readonly distance: number;
  readonly agreement: number | undefined;
  readonly similarity: number | undefined;
  readonly comparison: number | undefined;
}

/** Looks at held-out pictures, each sent at every rate: means over all of them, but for the agreement, which is that of the highest. */
export function heldOutJudge(
  engine: Engine,
  network: Graph,
  aside: Known,
  about: {
    readonly batch: number;
    readonly code: CodeShape;
    readonly kind: AnswerKind;
    readonly tail: Graph;
    readonly signal?: AbortSignal | undefined;
  },
): (trained: Graph) => Promise<Judged> {
  const { batch, code, kind, tail, signal } = about;
  const output = tail.outputs.find((v) => v.name in aside.answers)!;
  const n = aside.count;
  const entry = aside.entry.dtype === 'float16' ? inSinglePrecision(aside.entry) : aside.entry;
  const byRate = code.rates.map(({ channels }) => {
    const mask = Float32Array.from({ length: n * code.channels }, (_, i) => (i % code.channels < channels ? 1 : 0));
    return rowsOf(network, { ...aside, entry }, { mask, turned: 0 });
  });
  return async (trained) => {
    const graph = { ...network, initializers: trained.initializers, outputs: [...network.outputs, output] };
    const session = await engine.load(graph, signal && { signal });
    try {
      const made: Record<string, Tensor>[] = [];
      for (const rows of byRate) made.push(await runRows(session, batch, rows, signal));
      const mean = (name: string) => meanOf(made.flatMap((of) => (of[name] ? [...asFloat32(of[name])] : [])));
      const choices = (t: Tensor) => argMaxRows(asFloat32(t), n);
      return {
        distance: mean(outputs.distance)!,
        agreement:
          kind === 'classes'
            ? agreements(choices(made[0]![output.name]!), choices(aside.answers[output.name]!)) / n
            : undefined,
        similarity: mean(outputs.similarity),
        comparison: mean(outputs.comparison),
      };
    } finally {
      await session.close();
    }
  };
}

const meanOf = (values: readonly number[]): number | undefined =>
  values.length > 0 ? values.reduce((a, v) => a + v, 0) / values.length : undefined;
