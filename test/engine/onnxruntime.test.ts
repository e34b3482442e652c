import { vi } from 'vitest';
import { createEngine } from '../../src/engine/index.ts';
import { Channel } from '../../src/engine/remote/channel.ts';
import { engineContract } from './contract.ts';

/** Engines do not show their channel to the worker, so the channel is taken from a request that passes through it. */
const send = vi.spyOn(Channel.prototype, 'send');

engineContract('onnxruntime', () => createEngine({ threads: 2 }), {
  crash: async () => {
    const channel = send.mock.contexts.at(-1) as Channel;
    await channel.send({ kind: 'crash' }).catch(() => undefined);
  },
});
