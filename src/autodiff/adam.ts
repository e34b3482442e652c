/** Adam with AMSGrad as part of a step graph (Kingma & Ba 2015; Reddi et al. 2018), in PyTorch's arrangement of ε. */
import type { GraphBuilder } from '../model/builder.ts';
import { float32, sizeOf, type Tensor } from '../model/tensor.ts';
import type { Expressions, Term } from './expressions.ts';

export interface AdamOptions {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-3, as He et al. use it. */
  readonly epsilon?: number;
  /** Whether steps never grow again (AMSGrad). Default true; false where the loss itself changes, as against an adversary. */
  readonly amsgrad?: boolean;
  /** A scalar term of the graph. Default: an input of its own, `adam:learning-rate`. */
  readonly learningRate?: Term;
}

export interface AdamStep {
  /** Output to input: what a loop carries from step to step. */
  readonly carry: Readonly<Record<string, string>>;
  /** Feeds of the first step; the learning rate's own input is excluded. */
  readonly initial: Readonly<Record<string, Tensor>>;
}

export interface Parameter {
  readonly name: Term;
  readonly gradient: Term;
  readonly shape: readonly number[];
  /** How many times the learning rate it moves at. Default 1. */
  readonly pace?: number | undefined;
}

/** Name of the scalar input that holds the learning rate. */
export const learningRateInput = 'adam:learning-rate';

/**
 * Declares the moments of each parameter as inputs, and writes the update.
 * @param parameters current value and gradient of each, by the name of the input that holds the value
 */
export function adamStep(g: Expressions, parameters: readonly Parameter[], options: AdamOptions = {}): AdamStep {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-3, amsgrad = true } = options;
  const carry: Record<string, string> = {};
  const initial: Record<string, Tensor> = {};
  const b: GraphBuilder = g.graph;
  const state = (name: string, shape: readonly number[], value: number): Term => {
    b.input(name, 'float32', shape);
    initial[name] = float32(new Float32Array(sizeOf(shape)).fill(value), shape);
    return name;
  };
  const keep = (input: string, value: Term): Term => {
    const output = b.op('Identity', [value], {}, `${input}:next`);
    carry[output] = input;
    return value;
  };
  const learningRate = options.learningRate ?? b.input(learningRateInput, 'float32', []);
  // βᵗ of the last step; the bias corrections 1 − βᵗ follow.
  const power1 = keep('adam:beta1-power', g.mul(state('adam:beta1-power', [], 1), beta1));
  const power2 = keep('adam:beta2-power', g.mul(state('adam:beta2-power', [], 1), beta2));
  const rate = g.div(learningRate, g.sub(1, power1));
  const correction = g.sqrt(g.sub(1, power2));
  for (const { name, gradient, shape, pace } of parameters) {
    const m0 = state(`adam:m:${name}`, shape, 0);
    const v0 = state(`adam:v:${name}`, shape, 0);
    const m = keep(m0, g.add(g.mul(m0, beta1), g.mul(gradient, 1 - beta1)));
    const v = keep(v0, g.add(g.mul(v0, beta2), g.mul(g.square(gradient), 1 - beta2)));
    const max = () => {
      const max0 = state(`adam:max:${name}`, shape, 0);
      return keep(max0, g.max(max0, v));
    };
    const denominator = g.add(g.div(g.sqrt(amsgrad ? max() : v), correction), epsilon);
    const own = pace === undefined || pace === 1 ? rate : g.mul(rate, pace);
    keep(name, g.sub(name, g.div(g.mul(m, own), denominator)));
  }
  for (const [output, input] of Object.entries(carry)) {
    b.output(output, 'float32', initial[input]?.shape ?? parameters.find((p) => p.name === input)?.shape ?? []);
  }
  return { carry, initial };
}
