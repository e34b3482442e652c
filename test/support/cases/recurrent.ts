import type { CaseGenerator } from './sketch.ts';

const recurrent =
  (op: string, gates: number, functions: number): CaseGenerator =>
  (s) => {
    const [steps, batch, width, hidden_size] = [s.int(1, 3), s.int(1, 2), s.int(1, 3), s.int(1, 3)];
    const direction = s.pick(['forward', 'reverse', 'bidirectional']);
    const ways = direction === 'bidirectional' ? 2 : 1;
    const rows = gates * hidden_size;
    const optional = (shape: readonly number[]) => (s.bool() ? s.weight(shape) : '');
    const state = [ways, batch, hidden_size];
    const inputs = [
      s.real([steps, batch, width]),
      s.weight([ways, rows, width], -1, 1),
      s.weight([ways, rows, hidden_size], -1, 1),
      optional([ways, 2 * rows]),
      '',
      optional(state),
      ...(op === 'LSTM' ? [optional(state), optional([ways, 3 * hidden_size])] : []),
    ];
    while (inputs.at(-1) === '') inputs.pop();
    const linear = op === 'GRU' ? { linear_before_reset: s.int(0, 1) } : {};
    const names = Array.from({ length: ways * functions }, () => s.pick(['Sigmoid', 'Tanh']));
    const chosen: Record<string, readonly string[]> = s.int(0, 3) === 0 ? { activations: names } : {};
    s.node(op, inputs, { hidden_size, direction, ...linear, ...chosen }, op === 'LSTM' ? 3 : 2);
  };

export const recurrentCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  RNN: [recurrent('RNN', 1, 1)],
  LSTM: [recurrent('LSTM', 4, 3)],
  GRU: [recurrent('GRU', 3, 2)],
};
