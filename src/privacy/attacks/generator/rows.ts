/** Rows of tensors [n, …]. */
import { asFloat32, float32, type Tensor, type Tensors } from '../../../model/index.ts';

export function pickRows(tensor: Tensor, indices: ArrayLike<number>): Tensor {
  const size = tensor.data.length / tensor.shape[0]!;
  const from = asFloat32(tensor);
  const out = new Float32Array(indices.length * size);
  for (let i = 0; i < indices.length; i++)
    out.set(from.subarray(indices[i]! * size, (indices[i]! + 1) * size), i * size);
  return float32(out, [indices.length, ...tensor.shape.slice(1)]);
}

export function pickRowsOfAll(tensors: Tensors, indices: ArrayLike<number>): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, pickRows(t, indices)]));
}

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
