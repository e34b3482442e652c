/**
 * Sessions of onnxruntime's native binding. The package's own wrapper around it refuses a graph one of whose outputs has a type
 * that JavaScript lacks (bfloat16), demands optional inputs, and keeps names in plain objects, where `constructor` is
 * always there and `__proto__` never.
 */
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { type Binding, binding, initOrt } from 'onnxruntime-node/dist/binding.js';
import type { ValueInfo } from '../../model/graph.ts';
import { dtypeOf } from '../../model/onnx/dtype.ts';

/** Named tensors; an object without a prototype where onnxruntime is to find just what was put into it. */
export type OrtTensors = Record<string, OrtTensor>;

export class NativeSession {
  readonly #session: Binding.InferenceSession;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];

  constructor(model: Uint8Array, options: InferenceSession.SessionOptions) {
    initOrt();
    this.#session = new binding.InferenceSession();
    this.#session.loadModel(model.buffer as ArrayBuffer, model.byteOffset, model.byteLength, options);
    this.inputs = this.#session.inputMetadata.map(valueInfo);
    this.outputs = this.#session.outputMetadata.map(valueInfo);
  }

  run(feeds: Readonly<OrtTensors>, outputs: readonly string[]): OrtTensors {
    const wanted = Object.assign(Object.create(null), Object.fromEntries(outputs.map((name) => [name, null])));
    const given = Object.assign(Object.create(null), feeds);
    const results = this.#session.run(given, wanted, {}) as OrtTensors;
    // The binding sets results as `object[name] = …` does, which for this one name replaces the prototype.
    const of = (name: string) => (name === '__proto__' ? Object.getPrototypeOf(results) : results[name]);
    return Object.fromEntries(outputs.map((name) => [name, of(name)]));
  }

  release(): void {
    this.#session.dispose();
  }
}

function valueInfo({ name, isTensor, type, shape, symbolicDimensions }: Binding.ValueMetadata): ValueInfo {
  const dtype = isTensor ? dtypeOf(type) : undefined;
  if (!dtype) return { name, dtype: 'float32', shape: [], unknown: 'opaque' };
  return { name, dtype, shape: shape.map((d, i) => (d >= 0 ? d : (symbolicDimensions[i] ?? ''))) };
}
