/** `topk`: only the elements of greatest magnitude are sent, all tensors of the cut together. */
import { stageText } from '../spec.ts';
import type { Row, StageKind } from '../stage.ts';

export const topk: StageKind = {
  name: 'topk',
  usage: 'topk(share=0.1)',
  places: ['activation'],
  make(args) {
    const share = args.number('share', { above: 0, most: 1 });
    args.done();
    return {
      text: stageText('topk', { share }),
      law: { kind: 'deterministic' },
      release(row) {
        const least = threshold(row, share);
        for (const { data } of row) for (let i = 0; i < data.length; i++) if (Math.abs(data[i]!) < least) data[i] = 0;
      },
      graph(b, parts, { open }) {
        if (open) return parts.map(({ term }) => term);
        const sizes = parts.map(({ shape }) => shape.slice(1).reduce((a, d) => a * d, 1));
        const kept = keptOf(
          sizes.reduce((a, n) => a + n, 0),
          share,
        );
        const magnitudes = parts.map(({ term }) => b.op('Abs', [term]));
        const flat = magnitudes.map((term, i) =>
          b.op('Reshape', [term, b.constant([parts[i]!.shape[0]!, sizes[i]!], 'int64')]),
        );
        const all = flat.length === 1 ? flat[0]! : b.op('Concat', flat, { axis: 1 });
        const [values] = b.ops('TopK', [all, b.constant([kept], 'int64')], { axis: 1 }, [
          b.fresh('TopK'),
          b.fresh('TopK'),
        ]);
        const least = b.op('Slice', [values!, ...[[kept - 1], [kept], [1]].map((l) => b.constant(l, 'int64'))]);
        return parts.map(({ term, shape }, i) => {
          const column = b.op('Reshape', [least, b.constant([shape[0]!, ...shape.slice(1).map(() => 1)], 'int64')]);
          const small = b.op('Less', [magnitudes[i]!, column]);
          return b.op('Where', [small, b.constant(0), term]);
        });
      },
      // What was left out was smaller than everything that was not.
      slack(b, { term, shape }) {
        const axes = shape.slice(1).map((_, i) => i + 1);
        const magnitude = b.op('Abs', [term]);
        const zero = b.op('Equal', [term, b.constant(0)]);
        const least = b.op('ReduceMin', [b.op('Where', [zero, b.constant(largest), magnitude])], { axes, keepdims: 1 });
        const none = b.op('Equal', [least, b.constant(largest)]);
        return b.op('Where', [zero, b.op('Where', [none, b.constant(0), least]), b.constant(0)]);
      },
      bound: ({ bound }) => bound,
      guarantee: () => ({ kind: 'none' }),
    };
  },
};

/** No activation is as large. */
const largest = 1e30;

const keptOf = (elements: number, share: number): number => Math.max(1, Math.ceil(share * elements));

/** The smallest magnitude that is kept; what equals it is kept as well. */
function threshold(row: Row, share: number): number {
  const elements = row.reduce((n, { data }) => n + data.length, 0);
  const all = new Float32Array(elements);
  let at = 0;
  for (const { data } of row) for (const v of data) all[at++] = Math.abs(v);
  return all.sort()[elements - keptOf(elements, share)]!;
}
