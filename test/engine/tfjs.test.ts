/** The TensorFlow.js engine on the pure JavaScript backend: tfjs-node cannot be installed everywhere, the operators are the same. */
import { vi } from 'vitest';
import { createEngine } from '../../src/engine/index.ts';
import { Channel } from '../../src/engine/remote/channel.ts';
import { engineContract } from './contract.ts';
import { tfjsPackages } from './tfjs/packages.ts';

const send = vi.spyOn(Channel.prototype, 'send');

engineContract('tfjs', () => createEngine({ engine: 'tfjs', packages: tfjsPackages }), {
  crash: async () => {
    const channel = send.mock.contexts.at(-1) as Channel;
    await channel.send({ kind: 'crash' }).catch(() => undefined);
  },
  slow: true,
  without: Object.fromEntries(
    ['RNN', 'LSTM', 'GRU'].map((op) => [op, 'recurrent networks are left to onnxruntime; loading one names the node']),
  ),
  withoutTypes: {
    float64: 'TensorFlow.js computes in float32 only: refused, see the tests of the engine',
    'wide int64': 'TensorFlow.js has 32-bit integers only: refused, see the tests of the engine',
  },
});
