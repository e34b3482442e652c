/** Pools whose extents onnxruntime infers otherwise than it computes them. */
import { attrInt, attrInts, attrString, type Node } from './graph.ts';

const pools = new Set(['MaxPool', 'AveragePool', 'LpPool']);

/**
 * Inference follows the specification, which before opset 22 counted windows that begin in the padding after the input; the
 * kernels never did. Under SAME the kernels leave dilation out of account.
 */
export function extentsUncertain(node: Node): boolean {
  if (!pools.has(node.op) || node.domain !== '') return false;
  const kernel = attrInts(node, 'kernel_shape') ?? [];
  const dilated = attrInts(node, 'dilations')?.some((d) => d > 1) === true;
  const hangsOver = attrInt(node, 'ceil_mode', 0) === 1;
  const padded = attrInts(node, 'pads')?.some((p) => p > 0) === true;
  const gaps = attrInts(node, 'strides')?.some((s, i) => s > kernel[i]!) === true;
  if (attrString(node, 'auto_pad', 'NOTSET').startsWith('SAME')) return dilated || gaps;
  return hangsOver && (padded || gaps);
}
