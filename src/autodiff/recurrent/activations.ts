/** Activation functions of recurrent layers, written as operators. */
import type { Node } from '../../model/graph.ts';
import type { Plain, Shaped } from './plain.ts';

export type Activation = (p: Plain, x: Shaped) => Shaped;

interface Kind {
  /** Defaults of the parameters it takes; both are consumed from the node's lists only where they are named here. */
  readonly alpha?: number;
  readonly beta?: number;
  readonly write: (p: Plain, x: Shaped, alpha: number, beta: number) => Shaped;
}

const operator = (op: string): Kind => ({ write: (p, x) => p.same(op, x) });
const withAlpha = (op: string, alpha: number): Kind => ({
  alpha,
  write: (p, x, a) => p.op(op, [x], x.shape, { alpha: { float: a } }),
});

/** By their names in lower case; defaults are onnxruntime's, which for ScaledTanh, Affine and ThresholdedRelu are not the operators'. */
const kinds: Readonly<Record<string, Kind>> = {
  sigmoid: operator('Sigmoid'),
  tanh: operator('Tanh'),
  relu: operator('Relu'),
  softsign: operator('Softsign'),
  softplus: operator('Softplus'),
  leakyrelu: withAlpha('LeakyRelu', 0.01),
  thresholdedrelu: withAlpha('ThresholdedRelu', 0),
  elu: withAlpha('Elu', 1),
  hardsigmoid: {
    alpha: 0.2,
    beta: 0.5,
    write: (p, x, alpha, beta) => p.op('HardSigmoid', [x], x.shape, { alpha: { float: alpha }, beta: { float: beta } }),
  },
  scaledtanh: {
    alpha: 0,
    beta: 0,
    write: (p, x, alpha, beta) => p.same('Mul', p.same('Tanh', p.same('Mul', x, p.scalar(beta))), p.scalar(alpha)),
  },
  affine: {
    alpha: 0,
    beta: 0,
    write: (p, x, alpha, beta) => p.same('Add', p.same('Mul', x, p.scalar(alpha)), p.scalar(beta)),
  },
};

/**
 * The functions of a node, its directions one after the other.
 * @param defaults their names where the node names none
 * @returns undefined where it names one that is not known
 */
export function activationsOf(node: Node, defaults: readonly string[]): Activation[] | undefined {
  const named = node.attributes.activations;
  const names = named?.type === 'strings' ? named.value : defaults;
  const [alphas, betas] = [floats(node, 'activation_alpha'), floats(node, 'activation_beta')];
  const written: Activation[] = [];
  for (const name of names) {
    const kind = kinds[name.toLowerCase()];
    if (!kind) return undefined;
    const alpha = kind.alpha === undefined ? 0 : (alphas.shift() ?? kind.alpha);
    const beta = kind.beta === undefined ? 0 : (betas.shift() ?? kind.beta);
    written.push((p, x) => kind.write(p, x, alpha, beta));
  }
  return written;
}

function floats(node: Node, name: string): number[] {
  const a = node.attributes[name];
  return a?.type === 'floats' ? [...a.value] : [];
}
