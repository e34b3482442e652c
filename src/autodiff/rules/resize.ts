/**
 * Resize is linear, and separable: along each axis it multiplies by a fixed matrix M of interpolation weights, so the
 * gradient multiplies by Mᵀ. The matrices follow ONNX's definition of the coordinate and nearest modes.
 */
import { attrFloat, attrInt, attrInts, attrString } from '../../model/graph.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import { type AxisMap, transposedMaps } from './along-axes.ts';

/** Position in the input of output index i; undefined for modes without a rule. */
function coordinate(mode: string, i: number, from: number, to: number, scale: number): number | undefined {
  switch (mode) {
    case 'half_pixel':
      return (i + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return to > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case 'half_pixel_symmetric': {
      const adjustment = to / (scale * from);
      const centre = from / 2;
      return centre * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    case 'align_corners':
      return to > 1 ? (i * (from - 1)) / (to - 1) : 0;
    case 'tf_half_pixel_for_nn':
      return (i + 0.5) / scale;
    case 'asymmetric':
      return i / scale;
    default:
      return undefined;
  }
}

function nearest(mode: string, x: number): number {
  switch (mode) {
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    default:
      return Math.ceil(x - 0.5);
  }
}

/** Keys' cubic kernel at the four inputs around a position `t` behind the second (Keys 1981); their sum is 1. */
function cubic(t: number, a: number): number[] {
  return [-1, 0, 1, 2].map((k) => {
    const d = Math.abs(k - t);
    return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  });
}

/** Rows are outputs, columns inputs. */
function weights(c: RuleContext, from: number, to: number, scale: number): Float32Array | undefined {
  const kind = attrString(c.node, 'mode', 'nearest');
  const mode = attrString(c.node, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = attrString(c.node, 'nearest_mode', 'round_prefer_floor');
  const clamp = (n: number) => Math.min(Math.max(n, 0), from - 1);
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const x = coordinate(mode, i, from, to, scale);
    if (x === undefined) return undefined;
    if (kind === 'cubic') {
      const low = Math.floor(x);
      cubic(x - low, attrFloat(c.node, 'cubic_coeff_a', -0.75)).forEach((w, k) => {
        matrix[i * from + clamp(low - 1 + k)]! += w;
      });
    } else if (kind === 'nearest') matrix[i * from + clamp(nearest(rounding, x))]! += 1;
    else {
      const low = Math.floor(x);
      matrix[i * from + clamp(low)]! += 1 - (x - low);
      matrix[i * from + clamp(low + 1)]! += x - low;
    }
  }
  return matrix;
}

/** One matrix for each axis whose extent changes; undefined where there is no rule. */
function matrices(c: RuleContext): AxisMap[] | undefined {
  const kind = attrString(c.node, 'mode', 'nearest');
  if (!['nearest', 'linear', 'cubic'].includes(kind) || attrInt(c.node, 'antialias', 0) === 1) return undefined;
  if (kind === 'cubic' && attrInt(c.node, 'exclude_outside', 0) === 1) return undefined;
  if (attrString(c.node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') return undefined;
  const from = c.shape(c.x[0]!);
  const to = c.shape(c.y[0]!);
  const given = c.x[2] ? c.constant(c.x[2]) : undefined;
  if (c.x[2] && !given) return undefined;
  // Since opset 18 scales may be those of some axes only.
  const named = attrInts(c.node, 'axes')?.map((a) => (a < 0 ? a + from.length : a)) ?? from.map((_, i) => i);
  const list = given?.data as Float32Array | undefined;
  const scales = from.map((n, i) => {
    if (list?.length !== named.length) return to[i]! / n;
    return named.includes(i) ? list[named.indexOf(i)]! : 1;
  });
  const found: AxisMap[] = [];
  for (const [axis, n] of from.entries()) {
    if (n === to[axis] && scales[axis] === 1) continue;
    const matrix = weights(c, n, to[axis]!, scales[axis]!);
    if (!matrix) return undefined;
    found.push({ axis, matrix });
  }
  return found;
}

export const resizeRules: readonly Rule[] = [
  rule('Resize', (c) => {
    const along = matrices(c);
    if (!along) return [undefined];
    return [() => transposedMaps(c.g, c.dy, along, c.shape(c.x[0]!), c.shape(c.y[0]!))];
  }),
];
