/** Activations of one picture each as a batch, and answers of a batch as those of each picture. */
import { arrayType, rowsOf, type Tensor, type Tensors } from '../model/index.ts';

/** @param rows of equal names, types and shapes [1, …]; numbers @returns each [size, …]: the last row stands for what is missing */
export function stacked(rows: readonly Tensors[], size: number): Tensors {
  const stack = (name: string, { dtype, shape, data }: Tensor): Tensor => {
    if (dtype === 'string') throw new TypeError('expected rows of numbers, got strings');
    const whole = new (arrayType(dtype))(size * data.length);
    for (let i = 0; i < size; i++) {
      const row = rows[Math.min(i, rows.length - 1)]![name]!;
      whole.set(row.data as never, i * data.length);
    }
    return { dtype, shape: [size, ...shape.slice(1)], data: whole };
  };
  return Object.fromEntries(Object.entries(rows[0]!).map(([name, t]) => [name, stack(name, t)]));
}

/** The first `count` rows of each, one by one. */
export function unstacked(outputs: Tensors, count: number): Tensors[] {
  const names = Object.keys(outputs);
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(names.map((name) => [name, rowsOf(outputs[name]!, i, 1)])),
  );
}
