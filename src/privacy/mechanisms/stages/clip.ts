/** `clip`: a public bound on what a picture can say. Without one no noise guarantees anything. */
import { stageText } from '../spec.ts';
import type { Row, Stage, StageKind } from '../stage.ts';

const range = { above: 0, most: 1e9 };

export const clip: StageKind = {
  name: 'clip',
  usage: 'clip(l2=C) for the length of all tensors together, or clip(linf=C) for each element',
  places: ['input', 'activation'],
  make(args) {
    if (args.has('linf')) {
      const c = args.number('linf', range);
      args.done();
      return elementwise(c);
    }
    const c = args.number('l2', range);
    args.done();
    return together(c);
  },
};

/** v ← v · min(1, C/‖v‖₂) */
function together(c: number): Stage {
  return {
    text: stageText('clip', { l2: c }),
    law: { kind: 'deterministic' },
    release(row) {
      const length = lengthOf(row);
      if (!(length > c)) return;
      for (const { data } of row) for (let i = 0; i < data.length; i++) data[i]! *= c / length;
    },
    graph(b, parts) {
      const squares = parts.map(({ term, shape }) => {
        const axes = b.constant(
          shape.slice(1).map((_, i) => i + 1),
          'int64',
        );
        const sum = b.op('ReduceSum', [b.op('Mul', [term, term]), axes], { keepdims: 1 });
        return b.op('Reshape', [sum, b.constant([shape[0]!], 'int64')]);
      });
      // √max(s, C²) has a slope everywhere, which √s has not.
      const total = squares.length === 1 ? squares[0]! : b.op('Sum', squares);
      const length = b.op('Sqrt', [b.op('Max', [total, b.constant(c * c)])]);
      const factor = b.op('Div', [b.constant(c), length]);
      return parts.map(({ term, shape }) => {
        const column = [shape[0]!, ...shape.slice(1).map(() => 1)];
        return b.op('Mul', [term, b.op('Reshape', [factor, b.constant(column, 'int64')])]);
      });
    },
    bound: ({ bound }) => ({ l2: Math.min(c, bound?.l2 ?? c), linf: Math.min(c, bound?.linf ?? c) }),
    guarantee: () => ({ kind: 'none' }),
  };
}

function elementwise(c: number): Stage {
  return {
    text: stageText('clip', { linf: c }),
    law: { kind: 'deterministic' },
    release(row) {
      for (const { data } of row) for (let i = 0; i < data.length; i++) data[i] = Math.max(-c, Math.min(c, data[i]!));
    },
    graph: (b, parts) => parts.map(({ term }) => b.op('Clip', [term, b.constant(-c), b.constant(c)])),
    bound: ({ bound, elements }) => ({
      linf: Math.min(c, bound?.linf ?? c),
      l2: Math.min(c * Math.sqrt(elements), bound?.l2 ?? Number.POSITIVE_INFINITY),
    }),
    guarantee: () => ({ kind: 'none' }),
  };
}

function lengthOf(row: Row): number {
  let sum = 0;
  for (const { data } of row) for (const v of data) sum += v * v;
  return Math.sqrt(sum);
}
