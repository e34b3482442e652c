/** Runs onnxruntime sessions in a worker thread, since `session.run()` blocks the thread it is called on. */
import { env, InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { ValueInfo } from '../../model/graph.ts';
import type { DType, Tensor, Tensors } from '../../model/tensor.ts';
import type { SessionOptions } from '../remote/protocol.ts';
import { type RuntimeSession, serve, settings } from '../remote/serve.ts';
import type { OrtSettings } from './engine.ts';

const { threads, executionProvider, spinning, flushDenormals } = settings<OrtSettings>();

// What onnxruntime has to say goes into errors: some of its warnings are about the machine, none about what to do.
env.logLevel = 'fatal';

async function load(model: Uint8Array, options: SessionOptions): Promise<RuntimeSession<OrtTensor>> {
  const session = await InferenceSession.create(model, {
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
    inputs: session.inputMetadata.map(valueInfo),
    outputs: session.outputMetadata.map(valueInfo),
    enter: toOrt,
    step: (feeds, outputs) => session.run(feeds, outputs),
    leave: fromOrt,
    free: () => {},
    release: () => session.release(),
  };
}

function valueInfo(meta: InferenceSession.ValueMetadata): ValueInfo {
  if (!meta.isTensor) return { name: meta.name, dtype: 'float32', shape: [''] };
  return { name: meta.name, dtype: meta.type as DType, shape: meta.shape };
}

function toOrt(feeds: Tensors): Record<string, OrtTensor> {
  const out: Record<string, OrtTensor> = {};
  for (const [name, t] of Object.entries(feeds)) {
    out[name] = new OrtTensor(t.dtype as 'float32', t.data as Float32Array, t.shape);
  }
  return out;
}

function fromOrt(results: Readonly<Record<string, OrtTensor>>): Tensors {
  const out: Record<string, Tensor> = {};
  for (const [name, t] of Object.entries(results)) {
    if (t) out[name] = { dtype: t.type as DType, shape: t.dims, data: t.data as Float32Array };
  }
  return out;
}

serve(load);
