/** How large tensors are: rows of all of them together. */
import { meanSquareOf } from '../numeric/index.ts';
import { asFloat32, type Tensors } from './tensor.ts';

/** Mean of squares of each row, over all tensors [n, …]. */
export function meanSquares(tensors: Tensors): Float32Array {
  const list = Object.values(tensors);
  const count = list[0]!.shape[0]!;
  return Float32Array.from({ length: count }, (_, row) => {
    const rows = list.map((t) => {
      const size = t.data.length / count;
      return asFloat32(t).subarray(row * size, (row + 1) * size);
    });
    return meanSquareOf(...rows);
  });
}

/** Of all elements of all tensors together; 0 where there are none. */
export function meanSquare(tensors: Tensors): number {
  return meanSquareOf(...Object.values(tensors).map((t) => asFloat32(t)));
}
