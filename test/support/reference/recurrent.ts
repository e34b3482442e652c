import { attrInt, attrString } from '../../../src/model/graph.ts';
import { type Call, type Operator, type Operators, required, unsupported } from './call.ts';
import { at, tabulate, type Value } from './value.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const functions: Readonly<Record<string, (x: number) => number>> = {
  Sigmoid: sigmoid,
  Tanh: Math.tanh,
  Relu: (x) => Math.max(x, 0),
  Softsign: (x) => x / (1 + Math.abs(x)),
};

type Vector = readonly number[];

/** One step for one example: the part of a gate that comes from the input, and the one from the state. */
interface Step {
  readonly fromInput: (gate: number, unit: number) => number;
  readonly fromState: (gate: number, unit: number, state: Vector) => number;
  /** Bias of the input, and of the recurrence. */
  readonly bias: (gate: number, unit: number) => readonly [number, number];
  readonly peephole: (gate: number, unit: number) => number;
  readonly activate: readonly ((x: number) => number)[];
}

type Cell = (call: Call, s: Step, h: Vector, c: Vector) => { readonly h: Vector; readonly c: Vector };

const total = (s: Step, gate: number, unit: number, h: Vector): number => {
  const [w, r] = s.bias(gate, unit);
  return s.fromInput(gate, unit) + s.fromState(gate, unit, h) + w + r;
};

const rnn: Cell = (_, s, h, c) => ({ h: h.map((_, u) => s.activate[0]!(total(s, 0, u, h))), c });

/** Gates in the order i, o, f, c; peepholes in the order i, o, f. */
const lstm: Cell = (_, s, h, c) => {
  const [f, g, last] = s.activate as [(x: number) => number, (x: number) => number, (x: number) => number];
  const next = c.map((old, u) => {
    const i = f(total(s, 0, u, h) + s.peephole(0, u) * old);
    const forget = f(total(s, 2, u, h) + s.peephole(2, u) * old);
    return forget * old + i * g(total(s, 3, u, h));
  });
  return { c: next, h: next.map((now, u) => f(total(s, 1, u, h) + s.peephole(1, u) * now) * last(now)) };
};

/** Gates in the order z, r, h. */
const gru: Cell = (call, s, h, c) => {
  const [f, g] = s.activate as [(x: number) => number, (x: number) => number];
  const reset = h.map((_, u) => f(total(s, 1, u, h)));
  const linearFirst = attrInt(call.node, 'linear_before_reset', 0) !== 0;
  const next = h.map((old, u) => {
    const z = f(total(s, 0, u, h));
    const [w, r] = s.bias(2, u);
    const past = linearFirst
      ? reset[u]! * (s.fromState(2, u, h) + r)
      : s.fromState(
          2,
          u,
          h.map((v, k) => v * reset[k]!),
        ) + r;
    return (1 - z) * g(s.fromInput(2, u) + w + past) + z * old;
  });
  return { h: next, c };
};

/** X [steps, batch, width], W [directions, gates·hidden, width], R, B, lengths, h₀, c₀, P → Y, Y_h, Y_c. */
const recurrent =
  (gates: number, defaults: readonly string[], cell: Cell): Operator =>
  (call) => {
    const [x, w, r] = [0, 1, 2].map((i) => required(call, i)) as [Value, Value, Value];
    const [b, lengths, h0, c0, p] = [3, 4, 5, 6, 7].map((i) => call.inputs[i]);
    if (lengths || call.node.attributes.clip || attrInt(call.node, 'input_forget', 0))
      unsupported(call, 'its settings');
    const [steps, batch, width] = x.shape as [number, number, number];
    const hidden = r.shape[2]!;
    const way = attrString(call.node, 'direction', 'forward');
    const ways = way === 'bidirectional' ? 2 : 1;
    const given = call.node.attributes.activations;
    const names = given?.type === 'strings' ? given.value : [...defaults, ...defaults];
    const y = tabulate(x.dtype, [steps, ways, batch, hidden], () => 0);
    const [lastH, lastC] = [0, 1].map(() => tabulate(x.dtype, [ways, batch, hidden], () => 0)) as [Value, Value];
    for (let d = 0; d < ways; d++) {
      const activate = names.slice(d * defaults.length, (d + 1) * defaults.length).map((name) => functions[name]!);
      for (let n = 0; n < batch; n++) {
        const start = (state: Value | undefined) =>
          Array.from({ length: hidden }, (_, u) => (state ? at(state, [d, n, u]) : 0));
        let state = { h: start(h0) as Vector, c: start(gates === 4 ? c0 : undefined) as Vector };
        for (let k = 0; k < steps; k++) {
          const t = d === 1 || way === 'reverse' ? steps - 1 - k : k;
          const product = (m: Value, row: number, count: number, v: (j: number) => number) => {
            let sum = 0;
            for (let j = 0; j < count; j++) sum += at(m, [d, row, j]) * v(j);
            return sum;
          };
          const step: Step = {
            fromInput: (gate, u) => product(w, gate * hidden + u, width, (j) => at(x, [t, n, j])),
            fromState: (gate, u, h) => product(r, gate * hidden + u, hidden, (j) => h[j]!),
            bias: (gate, u) =>
              b ? [at(b, [d, gate * hidden + u]), at(b, [d, (gates + gate) * hidden + u])] : ([0, 0] as const),
            peephole: (gate, u) => (p ? at(p, [d, gate * hidden + u]) : 0),
            activate,
          };
          state = cell(call, step, state.h, state.c);
          state.h.forEach((v, u) => {
            y.data[((t * ways + d) * batch + n) * hidden + u] = v;
          });
        }
        state.h.forEach((v, u) => {
          lastH.data[(d * batch + n) * hidden + u] = v;
        });
        state.c.forEach((v, u) => {
          lastC.data[(d * batch + n) * hidden + u] = v;
        });
      }
    }
    return [y, lastH, lastC];
  };

export const recurrences: Operators = {
  RNN: recurrent(1, ['Tanh'], rnn),
  LSTM: recurrent(4, ['Sigmoid', 'Tanh', 'Tanh'], lstm),
  GRU: recurrent(3, ['Sigmoid', 'Tanh'], gru),
};
