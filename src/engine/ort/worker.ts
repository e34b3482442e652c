/** Runs onnxruntime sessions in a worker thread, since `session.run()` blocks the thread it is called on. */
import { setImmediate } from 'node:timers/promises';
import { env, type Tensor as OrtTensor } from 'onnxruntime-node';
import type { SessionOptions } from '../remote/protocol.ts';
import { type RuntimeSession, serve, settings } from '../remote/serve.ts';
import { complaint } from './complaint.ts';
import { NativeSession } from './native.ts';
import { nativeOptions, type OrtSettings } from './options.ts';
import { fromOrt, toOrt } from './tensors.ts';

const ours = settings<OrtSettings>();

// What onnxruntime has to say goes into errors: some of its warnings are about the machine, none about what to do.
env.logLevel = 'fatal';

async function load(model: Uint8Array, options: SessionOptions): Promise<RuntimeSession<OrtTensor>> {
  const session = new NativeSession(model, nativeOptions(ours, options));
  return {
    inputs: session.inputs,
    outputs: session.outputs,
    enter: toOrt,
    step: async (feeds, outputs) => {
      // Requests that came meanwhile get their turn between two runs.
      await setImmediate();
      return session.run(feeds, outputs);
    },
    leave: fromOrt,
    free: () => {},
    release: async () => session.release(),
  };
}

serve(load, complaint);
