/** Taking and putting by index: negative and repeated indices, fed or constant. */
import type { Draft } from '../draft.ts';
import { product, type Sweep, type Variant } from '../variant.ts';

/** Indices of 64 bits or of 32, fed or constant. */
type Indices = 'constant' | 'fed' | 'fed32';
const kinds: readonly Indices[] = ['constant', 'fed', 'fed32'];

function indicesOf(s: Draft, kind: Indices, list: readonly number[], shape: readonly number[]): string {
  if (kind === 'fed32') return s.feed({ dtype: 'int32', shape, data: Int32Array.from(list) });
  return kind === 'fed' ? s.fedList(list, shape) : s.list(list, shape);
}

/** Negative indices are legal since opset 11. */
const old = (opset: number, list: readonly number[]) => opset < 11 && list.some((i) => i < 0);

const gather = product(
  [7, 11, 13, 22],
  {
    axis: [undefined, 0, 1, 2, -1, -3],
    picks: [
      [[1], []],
      [[0, 0, 1], [3]],
      [[-1, 0, -2], [3]],
      [
        [1, 0, 1, 1],
        [2, 2],
      ],
      [[-1], [1, 1]],
    ],
    fed: kinds,
  },
  ({ opset, axis, picks: [list, shape], fed }) => {
    if (old(opset, [...list!, axis ?? 0])) return undefined;
    return (s) => {
      const attributes = axis === undefined ? {} : { axis };
      s.node('Gather', [s.real([3, 2, 4]), indicesOf(s, fed, list!, shape!)], attributes);
    };
  },
);

const gatherElements = product(
  [11, 13, 22],
  {
    axis: [undefined, 0, 1, -1, -2],
    list: [
      [0, 1, 1, 0, 0, 0],
      [-1, 0, -2, -1, 1, 0],
    ],
    fed: kinds,
  },
  ({ axis, list, fed }) =>
    (s) => {
      const indices = indicesOf(s, fed, list, [2, 3]);
      s.node('GatherElements', [s.real([2, 3]), indices], axis === undefined ? {} : { axis });
    },
);

const gatherND = product(
  [11, 12, 13, 22],
  {
    picks: [
      [0, [0, 1, 1, 0, 0, 1], [3, 2]],
      [0, [-1, 0, -1], [3, 1]],
      [0, [1, 2, -1, 0, 0, 0], [1, 2, 3]],
      [1, [1, 0], [2, 1]],
      [1, [2, 1, -3, 0, 2, 1, 2, 1], [2, 2, 2]],
      [2, [1, 0, -1, 1, 1, 0], [2, 3, 1]],
    ],
    fed: ['constant', 'fed'],
  },
  ({ opset, picks: [batch, list, shape], fed }) => {
    if (opset < 12 && batch !== 0) return undefined;
    return (s) => {
      const indices = indicesOf(s, fed, list as readonly number[], shape as readonly number[]);
      s.node('GatherND', [s.real([2, 3, 2]), indices], batch === 0 ? {} : { batch_dims: batch as number });
    };
  },
);

/** No place twice without a reduction: who wins is not defined. */
const scatterElements = (op: 'Scatter' | 'ScatterElements', opsets: readonly number[]): Variant[] =>
  product(
    opsets,
    {
      axis: [undefined, 0, 1, -1, -2],
      list: [
        [0, 3, 2, 1],
        [-1, 0, -2, -3],
        [1, 1, 0, 1],
      ],
      reduction: [undefined, 'none', 'add', 'mul', 'max', 'min'],
      fed: kinds,
    },
    ({ opset, axis, list, reduction, fed }) => {
      if (reduction && opset < (reduction === 'max' || reduction === 'min' ? 18 : 16)) return undefined;
      if (old(opset, [...list, axis ?? 0])) return undefined;
      const along = axis === 1 || axis === -1 ? 1 : 0;
      const shape = along === 1 ? [1, 4] : [4, 1];
      const repeated = new Set(list.map((i) => (i + 4) % 4)).size < list.length;
      if (repeated && (!reduction || reduction === 'none')) return undefined;
      return (s) => {
        const indices = indicesOf(s, fed, list, shape);
        const attributes = { ...(axis !== undefined && { axis }), ...(reduction && { reduction }) };
        s.node(op, [s.real([4, 4], 0.5, 2), indices, s.real(shape, 0.5, 2)], attributes);
      };
    },
  );

const scatterND = product(
  [11, 13, 16, 18, 22],
  {
    picks: [
      [
        [1, -3],
        [2, 1],
      ],
      [
        [0, 1, 2, -1],
        [2, 2],
      ],
      [
        [0, 1, 0, 1, 2, 0],
        [3, 2],
      ],
      [
        [0, 1, 0, 0, 1, 1],
        [3, 2],
      ],
    ],
    reduction: [undefined, 'none', 'add', 'mul', 'max', 'min'],
    fed: ['constant', 'fed'],
  },
  ({ opset, picks: [list, shape], reduction, fed }) => {
    if (reduction && opset < (reduction === 'max' || reduction === 'min' ? 18 : 16)) return undefined;
    const width = shape![1]!;
    const rows = Array.from({ length: shape![0]! }, (_, i) => list!.slice(i * width, (i + 1) * width).join());
    if (new Set(rows).size < rows.length && (!reduction || reduction === 'none')) return undefined;
    return (s) => {
      const indices = indicesOf(s, fed, list!, shape!);
      const updates = s.real([shape![0]!, ...[3, 2, 2].slice(width)], 0.5, 2);
      s.node('ScatterND', [s.real([3, 2, 2], 0.5, 2), indices, updates], reduction ? { reduction } : {});
    };
  },
);

const topK = product(
  [7, 10, 11, 22, 24],
  { axis: [undefined, 0, 1, -1], k: [1, 2, 3], largest: [undefined, 0, 1], sorted: [undefined, 0, 1] },
  ({ opset, axis, k, largest, sorted }) => {
    if (opset < 11 && (largest !== undefined || sorted !== undefined || (axis ?? 0) < 0)) return undefined;
    return (s) => {
      const x = s.real([3, 4]);
      const attributes = {
        ...(axis !== undefined && { axis }),
        ...(largest !== undefined && { largest }),
        ...(sorted !== undefined && { sorted }),
      };
      const outputs = ['y', 'places'];
      if (opset < 10) s.node('TopK', [x], { ...attributes, k }, outputs);
      else s.node('TopK', [x, s.list([k])], attributes, outputs);
    };
  },
);

export const gathering: Sweep = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Scatter: scatterElements('Scatter', [9, 10]),
  ScatterElements: scatterElements('ScatterElements', [11, 16, 18, 22]),
  ScatterND: scatterND,
  TopK: topK,
};
