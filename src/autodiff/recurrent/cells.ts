/** One step of each recurrent cell, as the ONNX specification has it. States and gates are [1, batch, hidden]. */
import type { Activation } from './activations.ts';
import type { Plain, Shaped } from './plain.ts';

/** The weights of one direction. W x + its bias has been computed for all steps at once. */
export interface Weights {
  /** Rᵀ, [hidden, gates × hidden]. */
  readonly recurrent: Shaped;
  /** Bias of the recurrence, [gates × hidden], where it was not added to that of the input. */
  readonly recurrentBias?: Shaped;
  /** Peepholes of input, output and forget gate, [3 × hidden]. */
  readonly peepholes?: Shaped;
  /** In the order of the specification. */
  readonly activations: readonly Activation[];
  /** Bound of what goes into each activation but the last of an LSTM; infinite where the node has none. */
  readonly clip: number;
  readonly linearBeforeReset: boolean;
  /** The forget gate is what the input gate leaves: 1 − i. */
  readonly inputForget: boolean;
}

export interface State {
  readonly h: Shaped;
  readonly c?: Shaped;
}

/** @param x the input's part of the gates, [1, batch, gates × hidden] */
export type Cell = (p: Plain, w: Weights, x: Shaped, state: State) => State;

type Three = readonly [Shaped, Shaped, Shaped];
type Four = readonly [Shaped, Shaped, Shaped, Shaped];

/** An activation, by its place, of a clipped sum. */
const activated = (p: Plain, w: Weights, place: number, sum: Shaped): Shaped =>
  w.activations[place]!(p, p.clip(sum, w.clip));

/** Hₜ = f(W xₜ + R Hₜ₋₁ + b) */
const rnn: Cell = (p, w, x, { h }) => ({ h: activated(p, w, 0, p.same('Add', x, p.matmul(h, w.recurrent))) });

/**
 * Gates i, o, f, c: i = f(… + Pi ⊙ Cₜ₋₁), f = f(… + Pf ⊙ Cₜ₋₁), c̃ = g(…), C = f ⊙ Cₜ₋₁ + i ⊙ c̃, o = f(… + Po ⊙ C),
 * H = o ⊙ h(C).
 */
const lstm: Cell = (p, w, x, { h, c }) => {
  const [i, o, f, candidate] = p.split(p.same('Add', x, p.matmul(h, w.recurrent)), 4, 2) as Four;
  const [pi, po, pf] = w.peepholes ? p.split(w.peepholes, 3, 0) : [];
  const gate = (own: Shaped, peephole: Shaped | undefined, cell: Shaped) =>
    activated(p, w, 0, peephole ? p.same('Add', own, p.same('Mul', cell, peephole)) : own);
  const input = gate(i, pi, c!);
  const forget = w.inputForget ? p.same('Add', p.same('Neg', input), p.scalar(1)) : gate(f, pf, c!);
  const next = p.same('Add', p.same('Mul', forget, c!), p.same('Mul', input, activated(p, w, 1, candidate)));
  return { c: next, h: p.same('Mul', gate(o, po, next), w.activations[2]!(p, next)) };
};

/** Gates z, r, h: h̃ = g(W x + (r ⊙ H) R + b), or with r ⊙ (H R + b) when linear before reset; H = (1 − z) ⊙ h̃ + z ⊙ H. */
const gru: Cell = (p, w, x, { h }) => {
  const [xz, xr, xh] = p.split(x, 3, 2) as Three;
  const [rz, rr, rh] = p.split(w.recurrent, 3, 1) as Three;
  const [bz, br, bh] = w.recurrentBias ? p.split(w.recurrentBias, 3, 0) : [];
  const plus = (a: Shaped, bias: Shaped | undefined) => (bias ? p.same('Add', a, bias) : a);
  const z = activated(p, w, 0, p.same('Add', xz, plus(p.matmul(h, rz), bz)));
  const r = activated(p, w, 0, p.same('Add', xr, plus(p.matmul(h, rr), br)));
  const past = w.linearBeforeReset
    ? p.same('Mul', r, plus(p.matmul(h, rh), bh))
    : plus(p.matmul(p.same('Mul', r, h), rh), bh);
  const candidate = activated(p, w, 1, p.same('Add', xh, past));
  // (1 − z) ⊙ h̃ + z ⊙ H = h̃ + z ⊙ (H − h̃)
  return { h: p.same('Add', candidate, p.same('Mul', z, p.same('Sub', h, candidate))) };
};

export const cells: Readonly<
  Record<string, { readonly step: Cell; readonly gates: number; readonly defaults: readonly string[] }>
> = {
  RNN: { step: rnn, gates: 1, defaults: ['Tanh'] },
  LSTM: { step: lstm, gates: 4, defaults: ['Sigmoid', 'Tanh', 'Tanh'] },
  GRU: { step: gru, gates: 3, defaults: ['Sigmoid', 'Tanh'] },
};
