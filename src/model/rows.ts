/** Rows of tensors [n, …], of any type. */
import type { Tensor, TensorData } from './tensor.ts';

/** Rows first … first + count. */
export function rowsOf({ dtype, shape, data }: Tensor, first: number, count: number): Tensor {
  const size = data.length / shape[0]!;
  const own: TensorData = data.slice(first * size, (first + count) * size);
  return { dtype, shape: [count, ...shape.slice(1)], data: own };
}
