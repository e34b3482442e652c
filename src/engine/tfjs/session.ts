/** A graph on TensorFlow.js as the worker serves it. */
import type { Graph, ValueInfo } from '../../model/graph.ts';
import type { Tensor, Tensors } from '../../model/tensor.ts';
import type { RuntimeSession } from '../remote/serve.ts';
import type { Tf } from './library.ts';
import { Program } from './program.ts';
import { heldAs, Value } from './value.ts';

/** @throws Error for operators and element types that TensorFlow.js does not have */
export function openSession(tf: Tf, graph: Graph): RuntimeSession<Value> {
  for (const v of [...graph.inputs, ...graph.outputs]) if (!v.unknown) heldAs(v.dtype);
  const program = new Program(tf, graph);
  const mapped = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
  return {
    inputs: graph.inputs.map(declared),
    outputs: graph.outputs.map(declared),
    enter: (feeds: Tensors) => mapped(feeds, (t) => Value.from(tf, checked(t))),
    step: async (feeds, outputs, stopped) => program.run(feeds, outputs, stopped),
    leave: (results) => mapped(results, (value) => value.toTensor()),
    free: (values) => {
      for (const value of values) value.dispose();
    },
    release: async () => program.dispose(),
  };
}

/** As the graph declares it: TensorFlow.js infers nothing before it runs. */
function declared({ name, dtype, shape, unknown }: ValueInfo): ValueInfo {
  return unknown ? { name, dtype, shape, unknown } : { name, dtype, shape };
}

/** Data of another type than declared would be converted in silence. */
function checked(t: Tensor): Tensor {
  const fits = t.dtype !== 'float32' || t.data instanceof Float32Array;
  if (!fits) throw new Error(`${t.dtype} data must be a Float32Array`);
  if (t.shape.some((d) => !Number.isInteger(d) || d < 0)) throw new Error(`[${t.shape}] is no shape`);
  return t;
}
