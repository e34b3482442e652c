/** Matrix products and windows. */
import { attrInt, attrInts, attrString } from '../../model/graph.ts';
import { type Window, windowOf } from '../window.ts';
import {
  broadcast,
  type Call,
  type Inference,
  type Inferences,
  type Kind,
  misfit,
  numbersAt,
  oneType,
  required,
  written,
} from './kind.ts';

const both = (call: Call): string => call.x.map((x) => (x ? written(x) : 'nothing')).join(' and ');

const matmul: Inference = (call) => {
  const [a, b] = [required(call, 0), required(call, 1)];
  const dtype = oneType('MatMul', [a, b]);
  const [rows, columns] = [a.shape.length > 1, b.shape.length > 1];
  if (a.shape.length === 0 || a.shape.at(-1) !== (columns ? b.shape.at(-2) : b.shape[0]))
    misfit(`a MatMul of ${both(call)}`);
  const batch = (kind: Kind) => ({ ...kind, shape: kind.shape.slice(0, -2) });
  const lead = broadcast('MatMul', [batch(a), batch(b)]);
  return { dtype, shape: [...lead, ...(rows ? [a.shape.at(-2)!] : []), ...(columns ? [b.shape.at(-1)!] : [])] };
};

const gemm: Inference = (call) => {
  const [a, b] = [required(call, 0), required(call, 1)];
  const dtype = oneType('Gemm', call.x[2] ? [a, b, call.x[2]] : [a, b]);
  const turned = ({ shape }: Kind, name: string) => (attrInt(call.node, name, 0) === 1 ? shape.toReversed() : shape);
  const [[n, inner], [same, m]] = [turned(a, 'transA'), turned(b, 'transB')] as [[number, number], [number, number]];
  if (a.shape.length !== 2 || b.shape.length !== 2 || inner !== same) misfit(`a Gemm of ${both(call)}`);
  return { dtype, shape: [n, m] };
};

const einsum: Inference = (call) => {
  const [left = '', right] = attrString(call.node, 'equation', '').replaceAll(/\s/g, '').split('->');
  if (right === undefined || left.includes('.')) return undefined;
  const extents = new Map<string, number>();
  left.split(',').forEach((labels, i) => {
    const { shape } = required(call, i);
    if (labels.length !== shape.length) misfit(`an Einsum ${left} of ${both(call)}`);
    [...labels].forEach((label, axis) => {
      // An extent of 1 broadcasts.
      const [n, known] = [shape[axis]!, extents.get(label) ?? 1];
      if (known !== 1 && n !== 1 && known !== n) misfit(`an Einsum ${left} of ${both(call)}`);
      extents.set(label, known === 1 ? n : known);
    });
  });
  const kinds = call.x.filter((x) => x !== undefined);
  return { dtype: oneType('Einsum', kinds), shape: [...right].map((label) => extents.get(label)!) };
};

/** Undefined where `auto_pad` asks for more than the numbers that rules write. */
function plainWindow({ node }: Call, kernel: readonly number[]): Window | undefined {
  if (attrString(node, 'auto_pad', 'NOTSET') !== 'NOTSET' || node.attributes.output_shape) return undefined;
  return windowOf(node, kernel, [], []);
}

const reach = ({ kernel, dilations }: Window, i: number): number => dilations[i]! * (kernel[i]! - 1) + 1;

const conv: Inference = (call) => {
  const [x, w] = [required(call, 0), required(call, 1)];
  const dtype = oneType('Conv', [x, w]);
  const window = plainWindow(call, w.shape.slice(2));
  if (!window) return undefined;
  const group = attrInt(call.node, 'group', 1);
  const spatial = x.shape.slice(2).map((n, i) => {
    const free = n + window.before[i]! + window.after[i]! - reach(window, i);
    return Math.floor(free / window.strides[i]!) + 1;
  });
  const fits = x.shape[1] === w.shape[1]! * group && w.shape[0]! % group === 0 && spatial.every((n) => n > 0);
  if (!fits) misfit(`a Conv of ${both(call)} in ${group} groups`);
  return { dtype, shape: [x.shape[0]!, w.shape[0]!, ...spatial] };
};

const convTranspose: Inference = (call) => {
  const [x, w] = [required(call, 0), required(call, 1)];
  const dtype = oneType('ConvTranspose', [x, w]);
  const window = plainWindow(call, w.shape.slice(2));
  if (!window) return undefined;
  const group = attrInt(call.node, 'group', 1);
  const extra = attrInts(call.node, 'output_padding') ?? [];
  const spatial = x.shape.slice(2).map((n, i) => {
    return (n - 1) * window.strides[i]! + reach(window, i) + (extra[i] ?? 0) - window.before[i]! - window.after[i]!;
  });
  if (x.shape[1] !== w.shape[0] || spatial.some((n) => n < 1)) misfit(`a ConvTranspose of ${both(call)}`);
  return { dtype, shape: [x.shape[0]!, w.shape[1]! * group, ...spatial] };
};

const maxUnpool: Inference = (call) => {
  const [x, places] = [required(call, 0), required(call, 1)];
  if (String(x.shape) !== String(places.shape)) misfit(`a MaxUnpool of ${both(call)}`);
  const shape = numbersAt(call, 2);
  return shape && { dtype: x.dtype, shape };
};

/** Extents as the runtime computes them: a product in float32, cut off. */
const resize: Inference = (call) => {
  const x = required(call, 0);
  const sizes = numbersAt(call, 3);
  if (call.node.attributes.axes || attrString(call.node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
    return undefined;
  }
  if (sizes) return { dtype: x.dtype, shape: sizes };
  const scales = numbersAt(call, 2);
  return scales && { dtype: x.dtype, shape: x.shape.map((n, i) => Math.trunc(Math.fround(n * scales[i]!))) };
};

export const products: Inferences = {
  MatMul: matmul,
  Gemm: gemm,
  Einsum: einsum,
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxUnpool: maxUnpool,
  Resize: resize,
};
