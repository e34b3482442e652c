/** Which inputs of a model have been fixed, and to what: part of the identity of whatever is measured on it. */
import { createHash } from 'node:crypto';
import { type DType, rawBytes, type Tensor } from '../tensor.ts';

export interface FixedInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Of its elements, little-endian and row-major; of strings, as JSON. */
  readonly sha256: string;
}

export function fixedInput(name: string, { dtype, shape, data }: Tensor): FixedInput {
  const bytes = ArrayBuffer.isView(data) ? rawBytes(data) : JSON.stringify(data);
  return { name, dtype, shape, sha256: createHash('sha256').update(bytes).digest('hex') };
}

type Described = Pick<FixedInput, 'name' | 'sha256'> & { readonly dtype: string; readonly shape: readonly number[] };

/** Are the same inputs fixed to the same values? Their order does not matter. */
export function sameFixed(a: readonly Described[] = [], b: readonly Described[] = []): boolean {
  const keys = (list: readonly Described[]) =>
    list.map(({ name, dtype, shape, sha256 }) => JSON.stringify([name, dtype, shape, sha256])).sort();
  return keys(a).join('\n') === keys(b).join('\n');
}
