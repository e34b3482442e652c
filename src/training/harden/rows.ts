/** What a training of a code reads, as tables of rows. */
import { float32, type Graph, type Tensor } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import type { Block } from '../fit.ts';
import { oneHot } from '../one-hot.ts';
import type { Table } from '../step.ts';
import type { Known } from './features.ts';
import { tables } from './network.ts';
import type { CodeShape } from './shape.ts';

/** Tables of what the network asks for. */
export function tablesOf(network: Graph, views: readonly Known[]): Readonly<Record<string, Table>> {
  // As they are mixed: what one look was too large for is none of the others' either.
  const isWide = views.some((known) => known.entry.dtype === 'float32');
  return Object.fromEntries(
    network.inputs.map((input): [string, Table] => {
      const rowShape = input.shape.slice(1) as number[];
      const isFeatures = !input.name.startsWith('harden:');
      if (!isFeatures || isWide) return [input.name, { dtype: input.dtype, rowShape }];
      const prepare: Table['prepare'] = (g, rows) => g.graph.op('Cast', [rows], { to: 1 });
      return [input.name, { dtype: 'float16', rowShape, prepare }];
    }),
  );
}

/** What of a block is not known of its pictures: [rows, channels] of which are sent, and how much of the adversary's gradient turns. */
interface Sending {
  readonly mask: Float32Array;
  readonly turned: number;
}

/** A row for each picture, of all that the network reads. */
export function rowsOf(network: Graph, known: Known, { mask, turned }: Sending): Block {
  const n = known.count;
  const made: Record<string, (width: number) => Tensor> = {
    [tables.picture]: () => known.pictures,
    [tables.mask]: (width) => float32(mask, [n, width]),
    [tables.label]: (width) => oneHot(known.labels!, width),
    [tables.reversal]: () => float32(new Float32Array(n).fill(turned), [n, 1]),
    ...Object.fromEntries(Object.entries(known.answers).map(([name, t]) => [tables.teacher(name), () => t])),
  };
  const rows = network.inputs.map(({ name, shape }) => [name, made[name]?.(shape[1] as number) ?? known.entry]);
  return Object.fromEntries(rows);
}

/** Of several rates each picture is sent at one, so that the first channels learn to do without the rest (Rippel et al. 2014). */
export function masks(n: number, { channels, rates }: CodeShape, random: Random): Float32Array {
  const out = new Float32Array(n * channels);
  for (let i = 0; i < n; i++) {
    const { channels: sent } = rates[random.int(rates.length)]!;
    out.fill(1, i * channels, i * channels + sent);
  }
  return out;
}
