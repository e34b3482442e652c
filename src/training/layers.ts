/** Writes layers with fresh weights into a graph. Tensors bear the names of their layers. */
import { type AttributeLike, float32, GraphBuilder, sizeOf } from '../model/index.ts';
import type { Random } from '../random.ts';

export interface ConvShape {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly pad?: number;
  readonly stride?: number;
}

export class Layers {
  readonly graph: GraphBuilder;
  readonly #random: Random;

  /** @param opset 11 or newer */
  constructor(random: Random, opset: number | ReadonlyMap<string, number> = 17) {
    this.graph = new GraphBuilder(opset);
    this.#random = random;
  }

  op(name: string, op: string, inputs: readonly string[], attributes: Record<string, AttributeLike> = {}): string {
    return this.graph.op(op, inputs, attributes, name);
  }

  /** Weights as PyTorch starts them, uniform within ±gain/√fan-in. */
  weight(name: string, shape: readonly number[], fanIn: number, gain = 1): string {
    const limit = gain / Math.sqrt(fanIn);
    const data = new Float32Array(sizeOf(shape));
    if (limit > 0) this.#random.fork(name).fillUniform(data, -limit, limit);
    return this.graph.initializer(float32(data, shape), name);
  }

  /** @param gain of the weights; 0 begins with zeros, so that a residual branch begins as nothing */
  conv(name: string, x: string, { inputs, outputs, kernel, pad = 0, stride = 1 }: ConvShape, gain = 1): string {
    const fanIn = inputs * kernel * kernel;
    const weight = this.weight(`${name}.weight`, [outputs, inputs, kernel, kernel], fanIn, gain);
    const bias = this.weight(`${name}.bias`, [outputs], fanIn, Math.min(gain, 1));
    return this.op(name, 'Conv', [x, weight, bias], {
      kernel_shape: [kernel, kernel],
      pads: [pad, pad, pad, pad],
      ...(stride > 1 && { strides: [stride, stride] }),
    });
  }

  /** @param more rows and columns added below and to the right (`output_padding`) */
  convTranspose(
    name: string,
    x: string,
    { inputs, outputs, kernel, pad = 0, stride = 1 }: ConvShape,
    more = 0,
  ): string {
    const fanIn = outputs * kernel * kernel;
    const weight = this.weight(`${name}.weight`, [inputs, outputs, kernel, kernel], fanIn);
    const bias = this.weight(`${name}.bias`, [outputs], fanIn);
    return this.op(name, 'ConvTranspose', [x, weight, bias], {
      kernel_shape: [kernel, kernel],
      pads: [pad, pad, pad, pad],
      strides: [stride, stride],
      output_padding: [more, more],
    });
  }

  linear(name: string, x: string, inputs: number, outputs: number, gain = 1): string {
    const weight = this.weight(`${name}.weight`, [outputs, inputs], inputs, gain);
    const bias = this.weight(`${name}.bias`, [outputs], inputs, Math.min(gain, 1));
    return this.op(name, 'Gemm', [x, weight, bias], { transB: 1 });
  }

  relu(name: string, x: string): string {
    return this.op(name, 'Relu', [x]);
  }
}
