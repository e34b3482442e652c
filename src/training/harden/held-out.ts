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
}

/** Looks at held-out pictures, each sent at the highest rate. */
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
  const mask = new Float32Array(n * code.channels).fill(1);
  const rows = rowsOf(network, { ...aside, features: inSinglePrecision(aside.features) }, { mask, turned: 0 });
  return async (trained) => {
    const graph = { ...network, initializers: trained.initializers, outputs: [...network.outputs, output] };
    const session = await engine.load(graph, signal && { signal });
    try {
      const made = await runRows(session, batch, rows, signal);
      const choices = (t: Tensor) => argMaxRows(asFloat32(t), n);
      return {
        distance: meanOf(made[outputs.distance])!,
        agreement:
          kind === 'classes'
            ? agreements(choices(made[output.name]!), choices(aside.answers[output.name]!)) / n
            : undefined,
        similarity: meanOf(made[outputs.similarity]),
      };
    } finally {
      await session.close();
    }
  };
}

const meanOf = (t: Tensor | undefined): number | undefined =>
  t && asFloat32(t).reduce((a, v) => a + v, 0) / t.data.length;
