/** Runs graphs with TensorFlow.js in a worker thread: its operators on the CPU block the thread they are called on. */
import { parseModel } from '../../model/onnx/read.ts';
import { serve, settings } from '../remote/serve.ts';
import type { TfjsSettings } from './engine.ts';
import { loadLibrary, type Tf } from './library.ts';
import { openSession } from './session.ts';

/** Graphs come from this process: only what the operators know limits them. */
const lastOpset = 24;

const { packages } = settings<TfjsSettings>();
let library: Promise<Tf> | undefined;

async function start(): Promise<Tf> {
  const tf = await loadLibrary(packages);
  // Without this the pure JavaScript backend advertises tfjs-node on stderr.
  tf.enableProdMode();
  return tf;
}

serve(async (model) => {
  library ??= start();
  return openSession(await library, parseModel(model, { path: 'graph', lastOpset }));
});
