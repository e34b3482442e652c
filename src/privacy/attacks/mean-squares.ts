/** How large the tensors of each row are. */
import { asFloat32, type Tensors } from '../../model/index.ts';

/** Mean of squares of each row, over all tensors. */
export function meanSquares(tensors: Tensors): Float32Array {
  const list = Object.values(tensors);
  const count = list[0]!.shape[0]!;
  const elements = list.reduce((sum, t) => sum + t.data.length / count, 0);
  return Float32Array.from({ length: count }, (_, row) => {
    let sum = 0;
    for (const t of list) {
      const size = t.data.length / count;
      for (const v of asFloat32(t).subarray(row * size, (row + 1) * size)) sum += v * v;
    }
    return sum / elements;
  });
}

/** Of all elements of all tensors together. */
export function meanSquare(tensors: Tensors): number {
  let sum = 0;
  let count = 0;
  for (const t of Object.values(tensors)) {
    for (const v of asFloat32(t)) sum += v * v;
    count += t.data.length;
  }
  return sum / count;
}
