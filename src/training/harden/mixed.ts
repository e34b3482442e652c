/** Several looks at the same pictures become one: each picture as one of them saw it. */
import { arrayType, inSinglePrecision, type Tensor } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import type { Known } from './features.ts';

/** @param views of the same pictures in the same order */
export function mixedViews(views: readonly Known[], random: Random): Known {
  const [first] = views;
  if (views.length === 1) return first!;
  const choice = Array.from({ length: first!.count }, () => random.int(views.length));
  const pick = (of: (known: Known) => Tensor) => rowsByView(views.map(of), choice);
  // What one look was too large for is none of the others' either.
  const isWide = views.some((v) => v.entry.dtype === 'float32');
  const answers = Object.keys(first!.answers).map((name) => [name, pick((v) => v.answers[name]!)] as const);
  return {
    count: first!.count,
    entry: pick((v) => (isWide ? inSinglePrecision(v.entry) : v.entry)),
    answers: Object.fromEntries(answers),
    pictures: pick((v) => v.pictures),
    labels: first!.labels,
  };
}

function rowsByView(tensors: readonly Tensor[], choice: readonly number[]): Tensor {
  const { dtype, shape, data } = tensors[0]!;
  if (dtype === 'string') throw new TypeError('rows of numbers were expected');
  const size = data.length / choice.length;
  const out = new (arrayType(dtype))(data.length);
  for (const [i, view] of choice.entries()) {
    out.set((tensors[view]!.data as Uint8Array).subarray(i * size, (i + 1) * size) as never, i * size);
  }
  return { dtype, shape, data: out };
}
