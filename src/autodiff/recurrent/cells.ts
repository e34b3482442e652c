/** One step of each recurrent cell, as the ONNX specification has it. States and gates are [1, batch, hidden]. */
import type { Plain, Shaped } from './plain.ts';

/** The weights of one direction. W x + its bias has been computed for all steps at once. */
export interface Weights {
  /** Rᵀ, [hidden, gates × hidden]. */
  readonly recurrent: Shaped;
  /** Bias of the recurrence, [gates × hidden], where it was not added to that of the input. */
  readonly recurrentBias?: Shaped;
  /** Peepholes of input, output and forget gate, [3 × hidden]. */
  readonly peepholes?: Shaped;
  /** Names of activation functions, in the order of the specification. */
  readonly activations: readonly string[];
  readonly linearBeforeReset: boolean;
}

export interface State {
  readonly h: Shaped;
  readonly c?: Shaped;
}

/** @param x the input's part of the gates, [1, batch, gates × hidden] */
export type Cell = (p: Plain, w: Weights, x: Shaped, state: State) => State;

/** Hₜ = f(W xₜ + R Hₜ₋₁ + b) */
const rnn: Cell = (p, w, x, { h }) => ({
  h: p.same(w.activations[0]!, p.same('Add', x, p.matmul(h, w.recurrent))),
});

/**
 * Gates i, o, f, c: i = f(… + Pi ⊙ Cₜ₋₁), f = f(… + Pf ⊙ Cₜ₋₁), c̃ = g(…), C = f ⊙ Cₜ₋₁ + i ⊙ c̃, o = f(… + Po ⊙ C),
 * H = o ⊙ h(C).
 */
const lstm: Cell = (p, w, x, { h, c }) => {
  const [f, g, last] = w.activations as [string, string, string];
  const [i, o, forget, candidate] = p.split(p.same('Add', x, p.matmul(h, w.recurrent)), 4, 2) as [
    Shaped,
    Shaped,
    Shaped,
    Shaped,
  ];
  const [pi, po, pf] = w.peepholes ? p.split(w.peepholes, 3, 0) : [];
  const gate = (own: Shaped, peephole: Shaped | undefined, cell: Shaped) =>
    p.same(f, peephole ? p.same('Add', own, p.same('Mul', cell, peephole)) : own);
  const kept = p.same('Mul', gate(forget, pf, c!), c!);
  const next = p.same('Add', kept, p.same('Mul', gate(i, pi, c!), p.same(g, candidate)));
  return { c: next, h: p.same('Mul', gate(o, po, next), p.same(last, next)) };
};

/** Gates z, r, h: h̃ = g(W x + (r ⊙ H) R + b), or with r ⊙ (H R + b) when linear before reset; H = (1 − z) ⊙ h̃ + z ⊙ H. */
const gru: Cell = (p, w, x, { h }) => {
  const [f, g] = w.activations as [string, string];
  const [xz, xr, xh] = p.split(x, 3, 2) as [Shaped, Shaped, Shaped];
  const [rz, rr, rh] = p.split(w.recurrent, 3, 1) as [Shaped, Shaped, Shaped];
  const [bz, br, bh] = w.recurrentBias ? p.split(w.recurrentBias, 3, 0) : [];
  const plus = (a: Shaped, bias: Shaped | undefined) => (bias ? p.same('Add', a, bias) : a);
  const z = p.same(f, p.same('Add', xz, plus(p.matmul(h, rz), bz)));
  const r = p.same(f, p.same('Add', xr, plus(p.matmul(h, rr), br)));
  const past = w.linearBeforeReset
    ? p.same('Mul', r, plus(p.matmul(h, rh), bh))
    : plus(p.matmul(p.same('Mul', r, h), rh), bh);
  const candidate = p.same(g, p.same('Add', xh, past));
  // (1 − z) ⊙ h̃ + z ⊙ H = h̃ + z ⊙ (H − h̃)
  return { h: p.same('Add', candidate, p.same('Mul', z, p.same('Sub', h, candidate))) };
};

export const cells: Readonly<
  Record<string, { readonly step: Cell; readonly gates: number; readonly defaults: string[] }>
> = {
  RNN: { step: rnn, gates: 1, defaults: ['Tanh'] },
  LSTM: { step: lstm, gates: 4, defaults: ['Sigmoid', 'Tanh', 'Tanh'] },
  GRU: { step: gru, gates: 3, defaults: ['Sigmoid', 'Tanh'] },
};
