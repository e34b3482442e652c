/** What the defense leaves of the model: accuracy of head, defense and tail together. */
import { preprocess, type Split } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { asFloat32, float32, sizeOf, type Tensors } from '../../model/index.ts';
import { own } from '../../own.ts';
import type { Random } from '../../random.ts';
import type { Device } from './device.ts';
import type { Subject } from './subject.ts';

export interface Utility {
  /** 0 … 1; null without labels, or where the first output is no row of class scores for each picture. */
  readonly accuracy: number | null;
  readonly images: number;
}

const chunk = 100;

/** @param limit pictures of the split to look at, from its beginning */
export async function utility(
  engine: Engine,
  subject: Subject,
  device: Device,
  data: Split,
  random: Random,
  limit: number,
  signal?: AbortSignal,
): Promise<Utility> {
  const labels = data.labels;
  const count = Math.min(limit, data.count);
  const n = Math.min(chunk, count);
  if (!labels || count === 0 || (await subject.noAnswer(n))) return { accuracy: null, images: 0 };
  const { tail } = await subject.parts(device.cut, n);
  const output = tail.outputs[0]!;
  if (output.dtype !== 'float32') return { accuracy: null, images: 0 };
  const session = await engine.load(tail, signal && { signal });
  try {
    let right = 0;
    for (let first = 0; first < count; first += n) {
      const at = Math.min(first, count - n);
      const indices = Array.from({ length: n }, (_, i) => at + i);
      const inputs = preprocess(await data.pixels(indices, signal), subject.preprocessing);
      const seen = await device.observe(inputs, (row) => random.fork(at + row), signal);
      const scores = (
        await session.run(
          pick(
            seen,
            tail.inputs.map((v) => v.name),
          ),
          signal && { signal },
        )
      )[output.name]!;
      const classes = sizeOf(scores.shape.slice(1));
      if (scores.shape[0] !== n || classes < 2) return { accuracy: null, images: 0 };
      const values = asFloat32(scores);
      for (let i = first - at; i < n; i++) {
        const row = values.subarray(i * classes, (i + 1) * classes);
        if (row.indexOf(Math.max(...row)) === labels[at + i]) right++;
      }
    }
    return { accuracy: right / count, images: count };
  } finally {
    await session.close();
  }
}

function pick(tensors: Tensors, names: readonly string[]): Tensors {
  return Object.fromEntries(names.map((name) => [name, own(tensors, name) ?? float32([], [0])]));
}
