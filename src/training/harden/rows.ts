/** What a training of a code reads, as tables of rows. */
import type { Graph, Tensor } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import type { Block } from '../fit.ts';
import { oneHot } from '../one-hot.ts';
import type { Table } from '../step.ts';
import type { Known } from './features.ts';
import { tables } from './network.ts';
import type { CodeShape } from './shape.ts';

/** Tables of what the network asks for. */
export function tablesOf(network: Graph, known: Known): Readonly<Record<string, Table>> {
  return Object.fromEntries(
    network.inputs.map((input): [string, Table] => {
      const rowShape = input.shape.slice(1) as number[];
      const isFeatures = !input.name.startsWith('harden:');
      if (!isFeatures || known.features.dtype === 'float32') return [input.name, { dtype: input.dtype, rowShape }];
      const prepare: Table['prepare'] = (g, rows) => g.graph.op('Cast', [rows], { to: 1 });
      return [input.name, { dtype: 'float16', rowShape, prepare }];
    }),
  );
}

/** @param turned how much of the adversary's gradient comes back reversed */
export function blockOf(network: Graph, known: Known, code: CodeShape, turned: number, random: Random): Block {
  const n = known.count;
  const made: Record<string, () => Tensor> = {
    [tables.picture]: () => known.pictures,
    [tables.mask]: () => ({ dtype: 'float32', shape: [n, code.channels], data: masks(n, code, random) }),
    [tables.label]: () =>
      oneHot(known.labels!, network.inputs.find((v) => v.name === tables.label)!.shape[1] as number),
    [tables.reversal]: () => ({ dtype: 'float32', shape: [n, 1], data: new Float32Array(n).fill(turned) }),
    ...Object.fromEntries(Object.entries(known.answers).map(([name, t]) => [tables.teacher(name), () => t])),
  };
  return Object.fromEntries(network.inputs.map(({ name }) => [name, made[name]?.() ?? known.features]));
}

/** Of several rates each picture is sent at one, so that the first channels learn to do without the rest (Rippel et al. 2014). */
function masks(n: number, { channels, rates }: CodeShape, random: Random): Float32Array {
  const out = new Float32Array(n * channels);
  for (let i = 0; i < n; i++) {
    const { channels: sent } = rates[random.int(rates.length)]!;
    out.fill(1, i * channels, i * channels + sent);
  }
  return out;
}
