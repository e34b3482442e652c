/** How large the channels of an activation are. */
import { asNumbers, rowsOf, type Tensor } from '../../model/index.ts';
import type { Reading } from './shape.ts';

/** Of every channel of the activation, over the pictures it learns from: what is coded is centred and scaled by it. */
export interface ChannelScale {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** Rows that are enough to tell. */
export const scaledBy = 500;
/** A channel that never moves is not blown up. */
const leastDeviation = 1e-3;

/** Mean and standard deviation of each channel (of each number of a list). */
export function channelScale(features: Tensor, reading: Reading): ChannelScale {
  const rows = rowsOf(features, 0, Math.min(scaledBy, features.shape[0]!));
  const values = asNumbers(rows);
  const count = rows.shape[0]!;
  const size = values.length / count;
  const channels = reading.kind === 'list' ? reading.size : reading.channels;
  const isFirst = reading.kind === 'map' && reading.order === 'NCHW';
  const area = size / channels;
  const channelAt = (i: number) => (isFirst ? Math.floor((i % size) / area) : i % channels);
  const [sum, squares] = [new Float64Array(channels), new Float64Array(channels)];
  for (let i = 0; i < values.length; i++) {
    const c = channelAt(i);
    sum[c]! += values[i]!;
    squares[c]! += values[i]! ** 2;
  }
  const n = values.length / channels;
  const mean = Float32Array.from(sum, (s) => s / n);
  const all = Math.sqrt(squares.reduce((a, s) => a + s, 0) / values.length) || 1;
  const deviation = Float32Array.from(squares, (s, c) =>
    Math.max(Math.sqrt(Math.max(0, s / n - mean[c]! ** 2)), leastDeviation * all),
  );
  return { mean, deviation };
}
