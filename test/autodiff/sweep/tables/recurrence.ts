/** Recurrent layers: directions, states, lengths, clipping, and all activation functions. */
import type { AttributeLike } from '../../../../src/model/builder.ts';
import type { Draft } from '../draft.ts';
import { product, type Sweep, type Variant, type WrittenVariant } from '../variant.ts';

const gates = { RNN: 1, GRU: 3, LSTM: 4 } as const;
type Op = keyof typeof gates;
const [steps, batch, width, hidden] = [3, 2, 2, 2];

interface Settings {
  readonly op: Op;
  readonly direction: 'forward' | 'reverse' | 'bidirectional';
  readonly lengths?: readonly number[] | undefined;
  readonly fed?: boolean;
  readonly bias?: boolean;
  readonly states?: boolean;
  readonly peepholes?: boolean;
  readonly layout?: number | undefined;
  readonly attributes?: Record<string, AttributeLike>;
  /** Which of Y, Y_h, Y_c are read. */
  readonly read?: readonly boolean[];
}

const ways = (c: { direction: string }) => (c.direction === 'bidirectional' ? 2 : 1);

function write(c: Settings): WrittenVariant {
  const n = ways(c);
  const rows = gates[c.op] * hidden;
  const first = c.layout === 1;
  const into = (s: Draft): void => {
    const lengths = c.lengths && int32(c.lengths);
    const state = () => (c.states ? s.real(first ? [batch, n, hidden] : [n, batch, hidden]) : '');
    const inputs = [
      s.real(first ? [batch, steps, width] : [steps, batch, width]),
      s.real([n, rows, width], -1, 1),
      s.real([n, rows, hidden], -1, 1),
      c.bias ? s.real([n, 2 * rows], -1, 1) : '',
      lengths ? (c.fed ? s.feed(lengths) : s.constant(lengths)) : '',
      state(),
      ...(c.op === 'LSTM' ? [state(), c.peepholes ? s.real([n, 3 * hidden], -1, 1) : ''] : []),
    ];
    while (inputs.at(-1) === '') inputs.pop();
    const outputs = ['y', 'h', 'c'].slice(0, c.op === 'LSTM' ? 3 : 2).map((y, i) => (c.read?.[i] === false ? '' : y));
    const attributes = {
      hidden_size: hidden,
      direction: c.direction,
      ...(c.layout !== undefined && { layout: c.layout }),
      ...c.attributes,
    };
    s.node(c.op, inputs, attributes, outputs);
  };
  return { write: into, raised: true, ...(first && { refused: 'no kernel takes the batch first' }) };
}

const int32 = (list: readonly number[]) =>
  ({ dtype: 'int32', shape: [list.length], data: Int32Array.from(list) }) as const;

const directions = ['forward', 'reverse', 'bidirectional'] as const;

/** Lengths of the sequences, fed or constant. */
const shapesOf = (op: Op): Variant[] =>
  product(
    [14],
    { direction: directions, lengths: [undefined, [3, 3], [3, 1], [1, 2]], fed: [false, true] },
    ({ direction, lengths, fed }) => {
      if (fed && !lengths) return undefined;
      // With states and without: every second choice.
      const states = (direction === 'reverse') === fed;
      return write({ op, bias: states, states, direction, lengths, fed });
    },
  );

const settingsOf = (op: Op): Variant[] =>
  product(
    [7, 22],
    {
      direction: ['reverse', 'bidirectional'],
      clip: [undefined, 0.3],
      lengths: [undefined, [1, 3]],
      input_forget: op === 'LSTM' ? [0, 1] : [undefined],
      linear_before_reset: op === 'GRU' ? [0, 1] : [undefined],
      peepholes: op === 'LSTM' ? [false, true] : [false],
    },
    ({ opset, direction, clip, lengths, input_forget, linear_before_reset, peepholes }) => {
      // One opset for each choice of the others.
      if ((opset === 7) !== ((direction === 'reverse') === (lengths === undefined))) return undefined;
      return write({
        op,
        direction,
        bias: true,
        states: true,
        peepholes,
        lengths,
        attributes: {
          ...(clip !== undefined && { clip: { float: clip } }),
          ...(input_forget !== undefined && { input_forget }),
          ...(linear_before_reset !== undefined && { linear_before_reset }),
        },
      });
    },
  );

/** Functions with their own alpha and beta; undefined takes the default. */
const functions = [
  ['Relu'],
  ['Tanh'],
  ['Sigmoid'],
  ['Softsign'],
  ['Softplus'],
  ['LeakyRelu'],
  ['LeakyRelu', 0.2],
  ['ThresholdedRelu'],
  ['ThresholdedRelu', 0.1],
  ['Elu'],
  ['Elu', 0.7],
  ['HardSigmoid'],
  ['HardSigmoid', 0.3, 0.4],
  ['ScaledTanh', 1.5, 0.7],
  ['Affine', 0.6, 0.1],
] as const;

const activationsOf = (op: Op): Variant[] =>
  product(
    [22],
    { f: functions, place: [0, 1, 2], direction: ['bidirectional'] },
    ({ f: [name, alpha, beta], place, direction }) => {
      const defaults = { RNN: ['Tanh'], GRU: ['Sigmoid', 'Tanh'], LSTM: ['Sigmoid', 'Tanh', 'Tanh'] }[op];
      // Each function in one place, each place with a third of them.
      const turn = functions.findIndex(([n, a]) => n === name && a === alpha) % defaults.length;
      if (place !== turn) return undefined;
      const each = defaults.map((d, i) => (i === place ? name : d));
      const n = direction === 'bidirectional' ? 2 : 1;
      const all = Array.from({ length: n }, () => each).flat();
      const floats = (value: number | undefined) =>
        value === undefined ? undefined : ({ type: 'floats', value: new Array<number>(n).fill(value) } as const);
      const [a, b] = [floats(alpha), floats(beta)];
      return write({
        op,
        direction,
        bias: true,
        states: true,
        attributes: { activations: all, ...(a && { activation_alpha: a }), ...(b && { activation_beta: b }) },
      });
    },
  );

const outputsOf = (op: Op): Variant[] =>
  product(
    [14],
    {
      direction: ['forward', 'bidirectional'],
      read: [
        [true, false, false],
        [false, true, false],
        [false, false, true],
      ],
      layout: [undefined, 1],
    },
    ({ direction, read, layout }) => {
      if (op !== 'LSTM' && read[2]) return undefined;
      return write({ op, direction, read, layout, states: true, lengths: layout ? undefined : [2, 3] });
    },
  );

const all = (op: Op): Variant[] => [...shapesOf(op), ...settingsOf(op), ...activationsOf(op), ...outputsOf(op)];

export const recurrence: Sweep = { GRU: all('GRU'), LSTM: all('LSTM'), RNN: all('RNN') };
