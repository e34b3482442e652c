/** Distances between rows too long for a loop: 500 pictures of 3×224×224 are 19 billion multiplications. */
import type { Engine } from '../../engine/index.ts';
import { asFloat32, float32, GraphBuilder } from '../../model/index.ts';
import { distancesFromGram, type Rows } from '../metrics/index.ts';

/** Columns multiplied at once. */
const width = 8192;

/**
 * Euclidean distance of every pair of rows, [count, count]. The rows are centred and multiplied by their transpose in the
 * engine, a block of columns at a time; sums over blocks are float64.
 */
export async function distances(engine: Engine, rows: Rows, signal?: AbortSignal): Promise<Float64Array> {
  const { count, length, data } = rows;
  const columns = Math.min(width, length);
  const b = new GraphBuilder(17);
  const x = b.input('x', 'float32', [count, columns]);
  b.output(b.op('Gemm', [x, x], { transB: 1 }, 'gram'), 'float32', [count, count]);
  const session = await engine.load(b.build('gram'), signal && { signal });
  try {
    const gram = new Float64Array(count * count);
    for (let from = 0; from < length; from += columns) {
      const to = Math.min(from + columns, length);
      // Zeros beyond the last column change no product.
      const block = new Float32Array(count * columns);
      for (let k = from; k < to; k++) {
        let mean = 0;
        for (let i = 0; i < count; i++) mean += data[i * length + k]! / count;
        for (let i = 0; i < count; i++) block[i * columns + k - from] = data[i * length + k]! - mean;
      }
      const out = await session.run({ x: float32(block, [count, columns]) }, signal && { signal });
      const part = asFloat32(out.gram);
      for (let i = 0; i < gram.length; i++) gram[i]! += part[i]!;
    }
    return distancesFromGram(gram, count);
  } finally {
    await session.close();
  }
}
