import { attrInts, attrString } from '../../../src/model/graph.ts';
import { type Call, float, type Operators, required, unsupported } from './call.ts';
import { at, positiveAxis, tabulate } from './value.ts';

export const padding: Operators = {
  /** Pads are an attribute before opset 11, an input since; `axes` since 18. Negative pads crop. */
  Pad: (call) => {
    const x = required(call, 0);
    const rank = x.shape.length;
    const { before, after } = padsOf(call, rank);
    const mode = attrString(call.node, 'mode', 'constant');
    const fill = call.opset < 11 ? float(call, 'value', 0) : (call.inputs[2]?.data[0] ?? 0);
    return tabulate(
      x.dtype,
      x.shape.map((n, d) => n + before[d]! + after[d]!),
      (index) => {
        const from = index.map((v, d) => v - before[d]!);
        if (from.every((v, d) => v >= 0 && v < x.shape[d]!)) return at(x, from);
        if (mode === 'constant') return fill;
        return at(
          x,
          from.map((v, d) => source(call, mode, v, x.shape[d]!)),
        );
      },
    );
  },
};

function padsOf(call: Call, rank: number) {
  const pads = call.inputs[1] ? Array.from(call.inputs[1].data) : attrInts(call.node, 'pads')!;
  const axes = call.inputs[3] ? Array.from(call.inputs[3].data, (a) => positiveAxis(a, rank)) : undefined;
  const before = Array.from({ length: rank }, () => 0);
  const after = [...before];
  const count = pads.length / 2;
  for (let i = 0; i < count; i++) {
    before[axes?.[i] ?? i] = pads[i]!;
    after[axes?.[i] ?? i] = pads[i + count]!;
  }
  return { before, after };
}

/** The position in [0, n) that a position outside repeats. */
function source(call: Call, mode: string, position: number, n: number): number {
  if (mode === 'edge') return Math.min(Math.max(position, 0), n - 1);
  if (mode === 'wrap') return ((position % n) + n) % n;
  if (mode !== 'reflect') unsupported(call, `mode ${mode}`);
  if (n === 1) return 0;
  let p = position;
  while (p < 0 || p >= n) p = p < 0 ? -p : 2 * (n - 1) - p;
  return p;
}
