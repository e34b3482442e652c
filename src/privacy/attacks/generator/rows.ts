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

/** Mean of squares over all elements of all tensors. */
export function meanSquare(tensors: Tensors): number {
  let sum = 0;
  let count = 0;
  for (const t of Object.values(tensors)) {
    for (const v of asFloat32(t)) sum += v * v;
    count += t.data.length;
  }
  return sum / count;
}
