/** Linear maps that act along rows and along columns of a picture: blur, and loss of resolution. */
import type { GraphBuilder } from '../../../model/builder.ts';
import type { GraphPart, Part, Stage } from '../stage.ts';

/** A matrix of size × size, row-major, whose rows sum to 1. */
export type AxisMap = (size: number) => Float32Array;

interface Picture {
  readonly height: number;
  readonly width: number;
  /** Distance in memory of neighbours along each axis, and where each plane begins. */
  readonly rowStride: number;
  readonly columnStride: number;
  readonly planes: readonly number[];
  readonly channelsLast: boolean;
}

/** A picture has at most four channels: they stand first, or last. */
function pictureOf(shape: readonly number[]): Picture | undefined {
  const [a, b, c] = shape;
  if (shape.length !== 3 || a === undefined || b === undefined || c === undefined) return undefined;
  const range = (n: number) => Array.from({ length: n }, (_, i) => i);
  if (a <= 4) {
    const planes = range(a).map((i) => i * b * c);
    return { height: b, width: c, rowStride: c, columnStride: 1, planes, channelsLast: false };
  }
  if (c > 4) return undefined;
  return { height: a, width: b, rowStride: b * c, columnStride: c, planes: range(c), channelsLast: true };
}

/** @param unfit what to throw for a tensor that is no picture */
export function separable(text: string, map: AxisMap, unfit: () => Error): Stage {
  const pictureIn = (shape: readonly number[]): Picture => {
    const picture = pictureOf(shape);
    if (!picture) throw unfit();
    return picture;
  };
  return {
    text,
    law: { kind: 'deterministic' },
    release(row) {
      for (const part of row) apply(part, pictureIn(part.shape), map);
    },
    graph: (b, parts) => parts.map((part) => written(b, part, pictureIn(part.shape.slice(1)), map)),
    // Averages: no element grows.
    bound: ({ bound }) => (bound?.linf === undefined ? undefined : { linf: bound.linf }),
    guarantee: () => ({ kind: 'none' }),
  };
}

function apply({ data }: Part, picture: Picture, map: AxisMap): void {
  const { height, width, rowStride, columnStride, planes } = picture;
  for (const plane of planes) {
    for (let y = 0; y < height; y++) along(data, plane + y * rowStride, columnStride, width, map(width));
    for (let x = 0; x < width; x++) along(data, plane + x * columnStride, rowStride, height, map(height));
  }
}

/** A line of the picture, multiplied by the matrix. */
function along(data: Float32Array, start: number, stride: number, size: number, matrix: Float32Array): void {
  const line = Float64Array.from({ length: size }, (_, i) => data[start + i * stride]!);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += matrix[i * size + j]! * line[j]!;
    data[start + i * stride] = sum;
  }
}

function written(b: GraphBuilder, { term }: GraphPart, picture: Picture, map: AxisMap): string {
  const { height, width, channelsLast } = picture;
  const rows = b.initializer({ dtype: 'float32', shape: [height, height], data: map(height) });
  const columns = b.initializer({ dtype: 'float32', shape: [width, width], data: transposed(map(width), width) });
  const planes = channelsLast ? b.op('Transpose', [term], { perm: [0, 3, 1, 2] }) : term;
  const done = b.op('MatMul', [b.op('MatMul', [rows, planes]), columns]);
  return channelsLast ? b.op('Transpose', [done], { perm: [0, 2, 3, 1] }) : done;
}

const transposed = (matrix: Float32Array, size: number): Float32Array =>
  matrix.map((_, i) => matrix[(i % size) * size + Math.floor(i / size)]!);
