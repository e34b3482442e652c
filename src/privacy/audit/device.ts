/**
 * The audit's stand-in for a device: a cut, a mechanism and a codec. Attacks, utility and calibration see the network only
 * through it, so that what is attacked is what the wire carries.
 */

import { createCodec, decodeTensor, type PixelLaw } from '../../broker/index.ts';
import { encodingOf } from '../../codecs.ts';
import { type Engine, runRows } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import { asFloat32, type Cut, fixedShape, float32, type Tensor, type Tensors } from '../../model/index.ts';
import type { CodecName } from '../../plan/index.ts';
import type { Random } from '../../random.ts';
import { sessionBytes } from '../attacks/index.ts';
import { type Layout, type Mechanism, observed, seededNoise, type View, viewOf } from '../mechanisms/index.ts';
import type { Subject } from './subject.ts';

/** Pictures run at once: enough to keep the processor busy, few enough for any memory. */
const chunk = 25;

export interface DeviceOptions {
  readonly engine: Engine;
  readonly subject: Subject;
  readonly cut: Cut;
  readonly mechanism: Mechanism;
  readonly codec?: CodecName | undefined;
  /** Of one scene, by an observer. Default 1. */
  readonly observations?: number | undefined;
}

export class Device {
  readonly cut: Cut;
  readonly codec: CodecName;
  readonly view: View;
  readonly #engine: Engine;
  readonly #subject: Subject;

  constructor({ engine, subject, cut, mechanism, codec = 'float32', observations = 1 }: DeviceOptions) {
    this.cut = cut;
    this.codec = codec;
    this.view = viewOf(mechanism, observations, wireOf(codec, subject.preprocessing));
    this.#engine = engine;
    this.#subject = subject;
  }

  /**
   * @param inputs network inputs [n, …]
   * @param randomOf for each row; observations fork it
   * @returns the tensors of the cut as the cloud reads them, [n, …], in float32; several observations made into one
   * @throws CutlineError ACTIVATION_NOT_FINITE, ACTIVATION_DTYPE, ACTIVATION_SHAPE, CODEC_RANGE
   */
  async observe(inputs: Tensor, randomOf: (row: number) => Random, signal?: AbortSignal): Promise<Tensors> {
    const { input } = this.#subject;
    return observed(
      this.view,
      { [input]: inputs },
      async (tensors) => checked(this.cut, await this.#head(tensors[input]!, signal)),
      (row, k) => seededNoise(k === 0 ? randomOf(row) : randomOf(row).fork(k)),
    );
  }

  async #head(inputs: Tensor, signal?: AbortSignal): Promise<Tensors> {
    for (const value of this.cut.tensors) {
      const { name, dtype } = value;
      if (!fixedShape(value)) throw new CutlineError('ACTIVATION_SHAPE', { cut: this.cut.id, tensor: name });
      if (dtype !== 'float32') throw new CutlineError('ACTIVATION_DTYPE', { cut: this.cut.id, tensor: name, dtype });
    }
    const count = inputs.shape[0]!;
    const n = Math.min(chunk, count);
    const { head } = await this.#subject.parts(this.cut, n);
    const session = await this.#engine.load(head, { keepBytes: sessionBytes(head), ...(signal && { signal }) });
    try {
      return await runRows(session, n, { [this.#subject.input]: inputs }, signal);
    } finally {
      await session.close();
    }
  }
}

/** Shapes of one picture's tensors at a cut, for `compileMechanism`. */
export function layoutAt(subject: Subject, cut: Cut): Layout {
  const { channels, height, width, layout } = subject.preprocessing;
  return {
    input: layout === 'NCHW' ? [channels, height, width] : [height, width, channels],
    activation: cut.tensors.map(({ name, shape }) => ({ name, shape: shape.slice(1).map(Number) })),
  };
}

function checked(cut: Cut, tensors: Tensors): Tensors {
  for (const [name, tensor] of Object.entries(tensors)) {
    if (!asFloat32(tensor).every(Number.isFinite)) {
      throw new CutlineError('ACTIVATION_NOT_FINITE', { cut: cut.id, tensor: name });
    }
  }
  return tensors;
}

/** Every picture is a message of its own. Undefined for codecs that lose nothing. */
function wireOf(name: CodecName, pixels: PixelLaw): View['wire'] {
  if (encodingOf(name) === 'float32') return undefined;
  const codec = createCodec(name, pixels);
  return async (tensors) => {
    const entries = Object.entries(tensors).map(async ([name, tensor]): Promise<[string, Tensor]> => {
      const count = tensor.shape[0]!;
      const size = tensor.data.length / count;
      const out = new Float32Array(tensor.data.length);
      for (let i = 0; i < count; i++) {
        const row = float32(asFloat32(tensor).slice(i * size, (i + 1) * size), [1, ...tensor.shape.slice(1)]);
        out.set(asFloat32(await decodeTensor(await codec.encode(name, row))), i * size);
      }
      return [name, float32(out, tensor.shape)];
    });
    return Object.fromEntries(await Promise.all(entries));
  };
}
