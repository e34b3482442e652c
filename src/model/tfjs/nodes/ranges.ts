/** Values of small integer tensors that are known in part: shapes whose batch is not fixed. */
import { asNumbers } from '../../tensor.ts';
import type { Dims, Feature } from '../feature.ts';

export interface Range {
  readonly values: Dims;
}

export const rangeOf = (f: Feature): Range | undefined => (f as Feature & { readonly range?: Range }).range;

/** The elements of a constant or of a shape, as far as known. */
export function asNumbersOf(f: Feature): Dims | undefined {
  return f.constant ? asNumbers(f.constant) : rangeOf(f)?.values;
}
