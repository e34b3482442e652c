/** Comparing tensors that were computed in different precision. */
import type { Tensor, Tensors } from '../../src/model/tensor.ts';
import { fromBrain, fromHalf } from './reference/index.ts';

/** Elements as numbers, whatever the type. */
export function numbers(tensor: Tensor): number[] {
  if (tensor.dtype === 'string') throw new TypeError('strings are not compared');
  const list = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  if (tensor.dtype === 'bfloat16') return list.map(fromBrain);
  return tensor.dtype === 'float16' ? list.map(fromHalf) : list;
}

/** Largest |a − b|, relative to the largest |b| where that is above 1. NaN and infinities must match exactly. */
export function difference(actual: readonly number[], expected: readonly number[]): number {
  const scale = expected.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1);
  let worst = 0;
  expected.forEach((e, i) => {
    const a = actual[i]!;
    if (Object.is(a, e) || a === e) return;
    worst = Math.max(worst, Number.isFinite(a - e) ? Math.abs(a - e) / scale : Number.POSITIVE_INFINITY);
  });
  return worst;
}

/** What is wrong with `actual`, or undefined. Integers and booleans must be equal, floats within `tolerance`. */
export function mismatch(actual: Tensors, expected: Tensors, tolerance: number): string | undefined {
  for (const [name, want] of Object.entries(expected)) {
    const got = actual[name];
    if (!got) return `${name} is missing`;
    if (got.dtype !== want.dtype) return `${name} is ${got.dtype}, not ${want.dtype}`;
    if (`${got.shape}` !== `${want.shape}`) return `${name} has shape [${got.shape}], not [${want.shape}]`;
    const [a, b] = [numbers(got), numbers(want)];
    if (a.length !== b.length) return `${name} has ${a.length} elements, not ${b.length}`;
    const off = difference(a, b);
    const allowed = want.dtype.includes('float') ? tolerance : 0;
    if (off > allowed) return `${name} is off by ${off}: ${head(a)} instead of ${head(b)}`;
  }
  const extra = Object.keys(actual).find((name) => !(name in expected));
  return extra && `${extra} was not asked for`;
}

const head = (list: readonly number[]): string => `[${list.slice(0, 12).join(', ')}${list.length > 12 ? ', …' : ''}]`;
