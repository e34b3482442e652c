/** ONNX keeps channels second, TensorFlow.js last. */
import type { Tf, TfTensor } from './library.ts';

export function channelsLast(tf: Tf, x: TfTensor): TfTensor {
  const axes = x.shape.map((_, d) => d);
  return tf.transpose(x, [0, ...axes.slice(2), 1]);
}

export function channelsFirst(tf: Tf, x: TfTensor): TfTensor {
  const axes = x.shape.map((_, d) => d);
  return tf.transpose(x, [0, x.rank - 1, ...axes.slice(1, -1)]);
}

/** Constant padding; negative widths crop. */
export function padOrCrop(
  tf: Tf,
  x: TfTensor,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): TfTensor {
  let y = x;
  if (before.some((n) => n < 0) || after.some((n) => n < 0)) {
    const from = before.map((n) => Math.max(-n, 0));
    y = tf.slice(
      y,
      from,
      x.shape.map((n, d) => n - from[d]! - Math.max(-after[d]!, 0)),
    );
  }
  if ([...before, ...after].every((n) => n <= 0)) return y;
  return tf.pad(
    y,
    before.map((n, d): [number, number] => [Math.max(n, 0), Math.max(after[d]!, 0)]),
    value,
  );
}

/** Pads the spatial axes of [n, …, channels]. */
export function padSpatial(
  tf: Tf,
  x: TfTensor,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): TfTensor {
  return padOrCrop(tf, x, [0, ...before, 0], [0, ...after, 0], value);
}

/** Puts `factor` − 1 zeros between neighbours along an axis. */
export function spread(tf: Tf, x: TfTensor, axis: number, factor: number): TfTensor {
  const n = x.shape[axis]!;
  if (factor === 1 || n === 1) return x;
  const lead = x.shape.slice(0, axis);
  const rest = x.shape.slice(axis + 1);
  const apart = tf.reshape(x, [...lead, n, 1, ...rest]);
  const zeros = tf.zeros([...lead, n, factor - 1, ...rest]);
  const wide = tf.reshape(tf.concat([apart, zeros], axis + 1), [...lead, n * factor, ...rest]);
  return tf.slice(wide, [...lead.map(() => 0), 0, ...rest.map(() => 0)], [...lead, (n - 1) * factor + 1, ...rest]);
}
