/** The device as the audit plays it: input through the head and the defense to what the cloud sees. */
import type { Engine, Session } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import { asFloat32, type Cut, fixedShape, float32, sizeOf, type Tensor, type Tensors } from '../../model/index.ts';
import { sessionBytes } from '../attacks/index.ts';
import type { Defense, NoiseSource } from '../defenses/index.ts';
import type { Subject } from './subject.ts';

/** Pictures run at once: enough to keep the processor busy, few enough for any memory. */
const chunk = 25;

/**
 * @param inputs network inputs [n, …]
 * @param noise for all rows, or one for each
 * @returns the tensors of the cut, [n, …], in float32
 * @throws CutlineError ACTIVATION_NOT_FINITE, ACTIVATION_DTYPE, ACTIVATION_SHAPE
 */
export async function observe(
  engine: Engine,
  subject: Subject,
  cut: Cut,
  inputs: Tensor,
  defense: Defense,
  noise: NoiseSource | ((row: number) => NoiseSource),
  signal?: AbortSignal,
): Promise<Tensors> {
  const seen = defense.where === 'input' ? applied(defense, inputs, noise) : inputs;
  const raw = await runInChunks(engine, subject, cut, seen, signal);
  const out = new Map<string, Tensor>();
  for (const [name, tensor] of Object.entries(raw)) {
    if (!asFloat32(tensor).every(Number.isFinite))
      throw new CutlineError('ACTIVATION_NOT_FINITE', { cut: cut.id, tensor: name });
    out.set(name, defense.where === 'activation' ? applied(defense, tensor, noise) : tensor);
  }
  return Object.fromEntries(out);
}

function applied(defense: Defense, tensor: Tensor, noise: NoiseSource | ((row: number) => NoiseSource)): Tensor {
  if (typeof noise !== 'function') return defense.apply(tensor, noise);
  const out = new Float32Array(tensor.data.length);
  const size = out.length / tensor.shape[0]!;
  for (let i = 0; i < tensor.shape[0]!; i++) {
    const row = float32(asFloat32(tensor).subarray(i * size, (i + 1) * size), [1, ...tensor.shape.slice(1)]);
    out.set(asFloat32(defense.apply(row, noise(i))), i * size);
  }
  return float32(out, tensor.shape);
}

async function runInChunks(
  engine: Engine,
  subject: Subject,
  cut: Cut,
  inputs: Tensor,
  signal?: AbortSignal,
): Promise<Tensors> {
  for (const value of cut.tensors) {
    const { name, dtype } = value;
    if (!fixedShape(value)) throw new CutlineError('ACTIVATION_SHAPE', { cut: cut.id, tensor: name });
    if (dtype !== 'float32') throw new CutlineError('ACTIVATION_DTYPE', { cut: cut.id, tensor: name, dtype });
  }
  const count = inputs.shape[0]!;
  const n = Math.min(chunk, count);
  const size = inputs.data.length / count;
  const { head } = await subject.parts(cut, n);
  const collected = new Map<string, Float32Array>();
  const shapes = new Map<string, readonly number[]>();
  const session: Session = await engine.load(head, { keepBytes: sessionBytes(head), ...(signal && { signal }) });
  try {
    for (let first = 0; first < count; first += n) {
      // The last chunk goes back to be full, so that one session serves all.
      const at = Math.min(first, count - n);
      const part = float32(asFloat32(inputs).slice(at * size, (at + n) * size), [n, ...inputs.shape.slice(1)]);
      const results = await session.run({ [subject.input]: part }, signal && { signal });
      for (const [name, t] of Object.entries(results)) {
        const row = sizeOf(t.shape.slice(1));
        if (!collected.has(name)) collected.set(name, new Float32Array(count * row));
        collected.get(name)!.set(asFloat32(t), at * row);
        shapes.set(name, [count, ...t.shape.slice(1)]);
      }
    }
  } finally {
    await session.close();
  }
  return Object.fromEntries([...collected].map(([name, data]) => [name, float32(data, shapes.get(name)!)]));
}
