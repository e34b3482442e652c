/** Between our tensors and onnxruntime's. The data is shared, not copied. */
import { Tensor as OrtTensor } from 'onnxruntime-node';
import type { DType, Tensors } from '../../model/tensor.ts';
import type { OrtTensors } from './native.ts';

export function toOrt(feeds: Tensors): OrtTensors {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, t]) => [
      name,
      new OrtTensor(t.dtype as 'float32', t.data as Float32Array, t.shape) as OrtTensor,
    ]),
  );
}

export function fromOrt(results: Readonly<OrtTensors>): Tensors {
  return Object.fromEntries(
    Object.entries(results).map(([name, t]) => [
      name,
      { dtype: t.type as DType, shape: t.dims, data: t.data as Float32Array },
    ]),
  );
}
