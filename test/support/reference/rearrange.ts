import { attrInt, attrInts, attrString } from '../../../src/model/graph.ts';
import { type Operators, required } from './call.ts';
import { at, atBroadcast, broadcastShape, positiveAxis, tabulate } from './value.ts';

/** Operators that move elements without computing. */
export const rearrangements: Operators = {
  Transpose: (call) => {
    const x = required(call, 0);
    const perm = attrInts(call.node, 'perm') ?? x.shape.map((_, d) => x.shape.length - 1 - d);
    return tabulate(
      x.dtype,
      perm.map((p) => x.shape[p]!),
      (index) => {
        const from: number[] = [];
        perm.forEach((p, d) => {
          from[p] = index[d]!;
        });
        return at(x, from);
      },
    );
  },

  Concat: (call) => {
    const parts = call.node.inputs.map((_, i) => required(call, i));
    const first = parts[0]!;
    const axis = positiveAxis(attrInt(call.node, 'axis', 1), first.shape.length);
    const total = parts.reduce((n, p) => n + p.shape[axis]!, 0);
    return tabulate(
      first.dtype,
      first.shape.map((n, d) => (d === axis ? total : n)),
      (index) => {
        let along = index[axis]!;
        for (const part of parts) {
          const where = along;
          if (where < part.shape[axis]!) {
            return at(
              part,
              index.map((v, d) => (d === axis ? where : v)),
            );
          }
          along -= part.shape[axis]!;
        }
        throw new Error('Concat: the parts do not fill the whole');
      },
    );
  },

  Expand: (call) => {
    const x = required(call, 0);
    return tabulate(x.dtype, broadcastShape(x.shape, Array.from(required(call, 1).data)), (i) => atBroadcast(x, i));
  },

  Tile: (call) => {
    const x = required(call, 0);
    const repeats = required(call, 1).data;
    return tabulate(
      x.dtype,
      x.shape.map((n, d) => n * repeats[d]!),
      (index) =>
        at(
          x,
          index.map((v, d) => v % x.shape[d]!),
        ),
    );
  },

  /** [N, C, H, W] → [N, C/b², H·b, W·b]. */
  DepthToSpace: (call) => {
    const x = required(call, 0);
    const b = attrInt(call.node, 'blocksize')!;
    const columnsFirst = attrString(call.node, 'mode', 'DCR') === 'CRD';
    const [n, c, h, w] = x.shape as [number, number, number, number];
    const depth = c / (b * b);
    return tabulate(x.dtype, [n, depth, h * b, w * b], ([i, k, y, z]) => {
      const block = (y! % b) * b + (z! % b);
      const channel = columnsFirst ? k! * b * b + block : block * depth + k!;
      return at(x, [i!, channel, Math.floor(y! / b), Math.floor(z! / b)]);
    });
  },

  /** [N, C, H, W] → [N, C·b², H/b, W/b]. */
  SpaceToDepth: (call) => {
    const x = required(call, 0);
    const b = attrInt(call.node, 'blocksize')!;
    const [n, c, h, w] = x.shape as [number, number, number, number];
    return tabulate(x.dtype, [n, c * b * b, h / b, w / b], ([i, k, y, z]) => {
      const block = Math.floor(k! / c);
      return at(x, [i!, k! % c, y! * b + Math.floor(block / b), z! * b + (block % b)]);
    });
  },

  /** The first `sequence_lens[b]` steps of each example, backwards. */
  ReverseSequence: (call) => {
    const x = required(call, 0);
    const lengths = required(call, 1);
    const batch = attrInt(call.node, 'batch_axis', 1);
    const time = attrInt(call.node, 'time_axis', 0);
    return tabulate(x.dtype, x.shape, (index) => {
      const [step, length] = [index[time]!, lengths.data[index[batch]!]!];
      return at(
        x,
        index.map((v, d) => (d === time && step < length ? length - 1 - step : v)),
      );
    });
  },

  /** Keeps the upper (default) or lower triangle of the last two axes, diagonal k included. */
  Trilu: (call) => {
    const x = required(call, 0);
    const k = call.inputs[1]?.data[0] ?? 0;
    const upper = attrInt(call.node, 'upper', 1) === 1;
    return tabulate(x.dtype, x.shape, (index, i) => {
      const above = index.at(-1)! - index.at(-2)!;
      return (upper ? above >= k : above <= k) ? x.data[i]! : 0;
    });
  },
};
