/** `quant`: values are rounded to 2^bits levels between the least and the greatest of the tensor, or of each channel. */

import type { GraphBuilder } from '../../../model/builder.ts';
import { stageText } from '../spec.ts';
import type { GraphPart, Part, StageKind } from '../stage.ts';

/** Where all values are equal there is one level, and nothing to divide by. */
const smallestStep = 2 ** -126;

export const quant: StageKind = {
  name: 'quant',
  usage: 'quant(bits=4), or quant(bits=4,per=channel)',
  places: ['input', 'activation'],
  make(args) {
    const bits = args.number('bits', { least: 1, most: 8, whole: true });
    const per = args.choice('per', ['tensor', 'channel'], 'tensor');
    args.done();
    const steps = 2 ** bits - 1;
    return {
      text: stageText('quant', { bits, per: per === 'channel' ? per : undefined }),
      law: { kind: 'deterministic' },
      relaxes: true,
      release(row) {
        for (const part of row) for (const group of groupsOf(part, per)) round(group, steps);
      },
      graph: (b, parts, { relaxed, open }) =>
        parts.map((part) => (relaxed || open ? part.term : rounded(b, part, per, steps))),
      // The ends of the range are levels themselves, so that what is seen has the range of what was there.
      slack: (b, seen) => b.op('Mul', [levelsOf(b, seen, per, steps).step, b.constant(0.5)]),
      bound: ({ bound }) => (bound?.linf === undefined ? undefined : { linf: bound.linf }),
      // Beside the levels the ends of each range are seen: two numbers of float32.
      guarantee: ({ shapes, kept }) => {
        const levels = bits * kept.reduce((a, n) => a + n, 0);
        const ranges = shapes.reduce((n, shape) => n + channelsOf(shape, per), 0);
        return { kind: 'bits', bits: levels + 64 * ranges };
      },
    };
  },
};

type Per = 'tensor' | 'channel';

/** The range is widened to hold 0, so that what a ReLU leaves stays exact. */
function round(data: Float32Array, steps: number): void {
  let low = 0;
  let high = 0;
  for (const v of data) {
    if (v < low) low = v;
    else if (v > high) high = v;
  }
  const step = Math.max(Math.fround(Math.fround(high - low) / steps), smallestStep);
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.fround(toEven(Math.fround(Math.fround(data[i]! - low) / step)) * step) + low;
  }
}

/** As QuantizeLinear rounds: halves to the even neighbour. */
function toEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** One group for a tensor, or one for each slice along its first axis; a list has no channels. */
const channelsOf = (shape: readonly number[], per: Per): number =>
  per === 'channel' && shape.length > 1 ? shape[0]! : 1;

function groupsOf({ data, shape }: Part, per: Per): Float32Array[] {
  const channels = channelsOf(shape, per);
  const size = data.length / channels;
  return Array.from({ length: channels }, (_, c) => data.subarray(c * size, (c + 1) * size));
}

/** Least value and distance of the levels. */
function levelsOf(b: GraphBuilder, { term, shape }: GraphPart, per: Per, steps: number) {
  const first = per === 'channel' && shape.length > 2 ? 2 : 1;
  const axes = shape.flatMap((_, i) => (i < first ? [] : [i]));
  const low = b.op('Min', [b.op('ReduceMin', [term], { axes, keepdims: 1 }), b.constant(0)]);
  const high = b.op('Max', [b.op('ReduceMax', [term], { axes, keepdims: 1 }), b.constant(0)]);
  const range = b.op('Div', [b.op('Sub', [high, low]), b.constant(steps)]);
  return { low, step: b.op('Max', [range, b.constant(smallestStep)]) };
}

/** Rounding through QuantizeLinear, since that carries a cotangent straight through. */
function rounded(b: GraphBuilder, part: GraphPart, per: Per, steps: number): string {
  const { term } = part;
  const { low, step } = levelsOf(b, part, per, steps);
  const zero = b.initializer({ dtype: 'uint8', shape: [], data: Uint8Array.of(0) });
  const one = b.constant(1);
  const levels = b.op('QuantizeLinear', [b.op('Div', [b.op('Sub', [term, low]), step]), one, zero]);
  return b.op('Add', [b.op('Mul', [b.op('DequantizeLinear', [levels, one, zero]), step]), low]);
}
