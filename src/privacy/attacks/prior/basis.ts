/**
 * What pictures are made of. A picture is written x = centre + U·B·z, where B turns z into planes with the statistics of
 * pictures and U mixes planes into colours, so that for pictures of the kind z is white noise. Descending in z instead of in
 * pixels is the same problem better conditioned (steps go to large smooth structures first, as pictures do), and mean(z²) is
 * the negative logarithm of a Gaussian prior. Olah et al. (2017, Feature visualization, "preconditioning") optimise in such a basis
 * for its looks; here it is worth six decibels and half of the steps.
 */
import type { Graph, Node, Tensor, Tensors, ValueInfo } from '../../../model/index.ts';

/** How B is computed: `spectrum` scales waves of the cosine transform; `covariance` holds Bᵀ of each plane, [planes, pixels, pixels]. */
export type Structure = { readonly kind: 'spectrum' } | { readonly kind: 'covariance'; readonly factors: Tensor };

export interface Basis {
  readonly name: 'pixels' | 'natural' | 'learned';
  readonly structure: Structure;
  /** Standard deviation of each wave, [planes, height, width]; `spectrum` only. */
  readonly scales?: Float32Array;
  /** [colours, planes], orthonormal. */
  readonly colours: Float32Array;
  /** Network inputs, planes after each other whatever the layout. */
  readonly centre: Float32Array;
}

/** Inputs of a graph that is written in a basis; each holds one row a picture. */
export const basisNames = {
  z: 'basis:z',
  scales: 'basis:scales',
  colours: 'basis:colours',
  centre: 'basis:centre',
} as const;

/**
 * The head as a function of z: input `basis:z` [n, channels, height, width], and what a row of the basis is, as inputs.
 * @param head one picture input; all shapes known
 */
export function inBasis(head: Graph, structure: Structure, layout: 'NCHW' | 'NHWC'): Graph {
  const picture = head.inputs[0]!;
  const p = picture.shape as readonly number[];
  const [n, c, h, w] = (layout === 'NCHW' ? p : [p[0], p[3], p[1], p[2]]) as [number, number, number, number];
  const full = [n, c, h, w];
  const nodes: Node[] = [];
  const values = new Map(head.values);
  const initializers = new Map(head.initializers);
  const constant = (name: string, tensor: Tensor): string => {
    initializers.set(`basis:${name}`, tensor);
    return `basis:${name}`;
  };
  const op = (
    type: string,
    inputs: readonly string[],
    shape: readonly number[],
    attributes: Node['attributes'] = {},
    output = `basis:step${nodes.length}`,
  ): string => {
    nodes.push({
      name: output,
      op: type,
      domain: '',
      inputs,
      outputs: [output],
      attributes,
    });
    values.set(output, { name: output, dtype: 'float32', shape });
    return output;
  };
  const perm = (...value: number[]): Node['attributes'] => ({
    perm: { type: 'ints', value },
  });
  const reshape = (x: string, shape: readonly number[], name: string): string =>
    op(
      'Reshape',
      [
        x,
        constant(name, {
          dtype: 'int64',
          shape: [shape.length],
          data: BigInt64Array.from(shape, BigInt),
        }),
      ],
      shape,
    );

  /** The other inputs of a Slice that keeps the first row along the axis. */
  const firstOf = (name: string, axis: number): string[] =>
    [0, 1, axis].map((v, i) =>
      constant(`${name}${i}`, { dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(v)) }),
    );

  let planes: string;
  if (structure.kind === 'spectrum') {
    const scaled = op('Mul', [basisNames.z, basisNames.scales], full);
    const rows = constant('rows', {
      dtype: 'float32',
      shape: [h, h],
      data: transposed(cosines(h), h),
    });
    const columns = constant('columns', {
      dtype: 'float32',
      shape: [w, w],
      data: cosines(w),
    });
    planes = op('MatMul', [op('MatMul', [rows, scaled], full), columns], full);
  } else {
    const own = op('Transpose', [reshape(basisNames.z, [n, c, h * w], 'flat')], [c, n, h * w], perm(1, 0, 2));
    // A product with one row is summed in another order than one with more: a picture alone is computed twice over.
    const rows = Math.max(2, n);
    const byPlane = n === 1 ? op('Concat', [own, own], [c, rows, h * w], { axis: { type: 'int', value: 1 } }) : own;
    const coloured = op('MatMul', [byPlane, constant('factors', structure.factors)], [c, rows, h * w]);
    const ofPictures = n === 1 ? op('Slice', [coloured, ...firstOf('first', 1)], [c, n, h * w]) : coloured;
    planes = op('Transpose', [ofPictures], [n, c, h * w], perm(1, 0, 2));
  }
  if (c > 1) {
    const flat = structure.kind === 'spectrum' ? reshape(planes, [n, c, h * w], 'flat') : planes;
    planes = op('MatMul', [basisNames.colours, flat], [n, c, h * w]);
  }
  if (values.get(planes)!.shape.length === 3) planes = reshape(planes, full, 'full');
  if (layout === 'NCHW') op('Add', [planes, basisNames.centre], full, {}, picture.name);
  else {
    const moved = op('Add', [planes, basisNames.centre], full);
    op('Transpose', [moved], p, perm(0, 2, 3, 1), picture.name);
  }
  const input = (name: string, shape: readonly number[]): ValueInfo => ({
    name,
    dtype: 'float32',
    shape,
  });
  const inputs = [
    input(basisNames.z, full),
    ...(structure.kind === 'spectrum' ? [input(basisNames.scales, full)] : []),
    ...(c > 1 ? [input(basisNames.colours, [n, c, c])] : []),
    input(basisNames.centre, full),
  ];
  // An output that is the input itself, at the cut `input`, is named as it was.
  return {
    ...head,
    inputs,
    nodes: [...nodes, ...head.nodes],
    initializers,
    values,
  };
}

/** What the graph is fed for these pictures, each in a basis of its own; all of one structure. */
export function basisRows(bases: readonly Basis[], size: { channels: number; height: number; width: number }): Tensors {
  const { channels: c, height: h, width: w } = size;
  const n = bases.length;
  const stack = (rows: readonly Float32Array[], shape: readonly number[]): Tensor => {
    const data = new Float32Array(rows.reduce((sum, r) => sum + r.length, 0));
    let at = 0;
    for (const row of rows) {
      data.set(row, at);
      at += row.length;
    }
    return { dtype: 'float32', shape, data };
  };
  const scales = bases.flatMap((b) => b.scales ?? []);
  return {
    ...(scales.length > 0 && {
      [basisNames.scales]: stack(scales, [n, c, h, w]),
    }),
    ...(c > 1 && {
      [basisNames.colours]: stack(
        bases.map((b) => b.colours),
        [n, c, c],
      ),
    }),
    [basisNames.centre]: stack(
      bases.map((b) => b.centre),
      [n, c, h, w],
    ),
  };
}

/** The orthonormal cosine transform (DCT-II) of n values, one wave a row. */
export function cosines(n: number): Float32Array {
  return Float32Array.from({ length: n * n }, (_, i) => {
    const wave = Math.floor(i / n);
    return Math.sqrt((wave === 0 ? 1 : 2) / n) * Math.cos((Math.PI * ((i % n) + 0.5) * wave) / n);
  });
}

function transposed(matrix: Float32Array, n: number): Float32Array {
  return Float32Array.from(matrix, (_, i) => matrix[(i % n) * n + Math.floor(i / n)]!);
}

/** A copy in which each picture's planes follow each other. */
export function planesFirst(
  data: Float32Array,
  n: number,
  c: number,
  pixels: number,
  layout: 'NCHW' | 'NHWC',
): Float32Array {
  if (layout === 'NCHW') return Float32Array.from(data);
  const out = new Float32Array(data.length);
  for (let i = 0; i < n; i++)
    for (let p = 0; p < pixels; p++)
      for (let k = 0; k < c; k++) out[(i * c + k) * pixels + p] = data[(i * pixels + p) * c + k]!;
  return out;
}
