/** Runs onnxruntime sessions in a worker thread, since `session.run()` blocks the thread it is called on. */
import { setImmediate } from 'node:timers/promises';
import { env, Tensor as OrtTensor } from 'onnxruntime-node';
import type { DType, Tensors } from '../../model/tensor.ts';
import type { SessionOptions } from '../remote/protocol.ts';
import { type RuntimeSession, serve, settings } from '../remote/serve.ts';
import { complaint } from './complaint.ts';
import type { OrtSettings } from './engine.ts';
import { NativeSession, type OrtTensors } from './native.ts';

const { threads, executionProvider, spinning, flushDenormals } = settings<OrtSettings>();

// What onnxruntime has to say goes into errors: some of its warnings are about the machine, none about what to do.
env.logLevel = 'fatal';

async function load(model: Uint8Array, options: SessionOptions): Promise<RuntimeSession<OrtTensor>> {
  const session = new NativeSession(model, {
    executionProviders: [executionProvider],
    graphOptimizationLevel: options.optimization ?? 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: {
      session: {
        intra_op: { allow_spinning: (options.spinning ?? spinning) ? '1' : '0' },
        set_denormal_as_zero: flushDenormals ? '1' : '0',
      },
    },
  });
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

function toOrt(feeds: Tensors): OrtTensors {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, t]) => [
      name,
      new OrtTensor(t.dtype as 'float32', t.data as Float32Array, t.shape) as OrtTensor,
    ]),
  );
}

function fromOrt(results: Readonly<OrtTensors>): Tensors {
  return Object.fromEntries(
    Object.entries(results).map(([name, t]) => [
      name,
      { dtype: t.type as DType, shape: t.dims, data: t.data as Float32Array },
    ]),
  );
}

serve(load, complaint);
