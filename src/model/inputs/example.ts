/** How somebody would fix these inputs, for messages. */
import type { ValueInfo } from '../graph.ts';
import { sizeOf } from '../tensor.ts';

/** Up to so many elements one number may do for all; more are read from a file. */
const fewElements = 8;

/** `--input sr=1 --input "my text=my text.npy"`. */
export function exampleInputs(inputs: readonly ValueInfo[]): string {
  return inputs
    .map(({ name, dtype, shape, unknown }) => {
      const size = unknown ? Number.POSITIVE_INFINITY : sizeOf(shape.map((d) => (typeof d === 'number' ? d : 1)));
      const file = size > fewElements || shape.some((d, axis) => axis > 0 && typeof d === 'string');
      const bare = name.replaceAll(/[^\w.-]/g, '-');
      const value = dtype === 'string' ? 'TEXT' : file ? `${bare}.npy` : dtype === 'bool' ? 'true' : '1';
      const setting = `${name}=${value}`;
      return `--input ${/^[\w.=,:/-]+$/.test(setting) ? setting : `'${setting.replaceAll("'", "'\\''")}'`}`;
    })
    .join(' ');
}
