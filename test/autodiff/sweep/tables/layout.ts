/** Operators that move values: how axes, shapes and parts are given in each opset. */
import { product, type Sweep } from '../variant.ts';

const reshape = product(
  [7, 13, 14, 22],
  { to: [[6, 2], [-1], [2, -1], [0, 6], [0, -1, 1], [1, 2, 3, 2]], zeros: [undefined, 0, 1] },
  ({ opset, to, zeros }) => {
    if (zeros !== undefined && opset < 14) return undefined;
    // With allowzero a 0 is an extent of nothing.
    if (zeros === 1 && to.includes(0 as never)) return undefined;
    return (s) => {
      s.node('Reshape', [s.real([2, 3, 2]), s.list(to)], zeros === undefined ? {} : { allowzero: zeros });
    };
  },
);

const flatten = product([7, 9, 11, 13, 22], { axis: [undefined, 0, 1, 2, 3, -1, -3] }, ({ opset, axis }) => {
  if (axis !== undefined && axis < 0 && opset < 11) return undefined;
  return (s) => s.node('Flatten', [s.real([2, 3, 2])], axis === undefined ? {} : { axis });
});

/** Axes as an attribute, or since opset 13 as an input. */
const ones = (
  op: 'Squeeze' | 'Unsqueeze',
  shape: readonly number[],
  lists: readonly (readonly number[] | undefined)[],
) =>
  product([7, 11, 13, 21, 22], { axes: lists }, ({ opset, axes }) => {
    if (opset < 11 && axes?.some((a) => a < 0)) return undefined;
    return (s) => {
      const x = s.real(shape);
      if (!axes) s.node(op, [x]);
      else if (opset < 13) s.node(op, [x], { axes });
      else s.node(op, [x, s.list(axes)]);
    };
  });

const orders = [undefined, [0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]];
const transpose = product([7, 13, 21, 22], { perm: orders }, ({ perm }) => (s) => {
  s.node('Transpose', [s.real([2, 3, 4])], perm ? { perm } : {});
});

const concat = product([7, 11, 13, 22], { axis: [0, 1, -1, -2], parts: [1, 2, 3], twice: [false, true] }, (c) => {
  if (c.axis < 0 && c.opset < 11) return undefined;
  const axis = (c.axis + 2) % 2;
  return (s) => {
    const inputs = Array.from({ length: c.parts }, (_, i) => s.real(axis === 0 ? [i + 1, 3] : [3, i + 1]));
    s.node('Concat', c.twice ? [...inputs, inputs[0]!] : inputs, { axis: c.axis });
  };
});

const expand = product(
  [8, 13, 22],
  {
    shapes: [
      [[3], [2, 3]],
      [
        [2, 1],
        [2, 3],
      ],
      [
        [2, 1, 2],
        [3, 1],
      ],
      [[], [2, 2]],
      [[2, 3], [1]],
      [[1], [1, 1]],
    ],
  },
  ({ shapes: [from, to] }) =>
    (s) =>
      s.node('Expand', [s.real(from!), s.list(to!)]),
);

const tile = product(
  [7, 13, 22],
  {
    repeats: [
      [1, 1],
      [2, 1],
      [1, 3],
      [2, 2],
    ],
  },
  ({ repeats }) =>
    (s) => {
      s.node('Tile', [s.real([2, 3]), s.list(repeats)]);
    },
);

const trilu = product(
  [14, 22],
  {
    shape: [
      [3, 4],
      [2, 3, 3],
    ],
    k: [undefined, -2, 0, 1],
    upper: [undefined, 0, 1],
  },
  (c) => (s) => {
    const k = c.k === undefined ? [] : [s.list([c.k], [])];
    s.node('Trilu', [s.real(c.shape), ...k], c.upper === undefined ? {} : { upper: c.upper });
  },
);

const reverse = product(
  [10, 22],
  {
    lengths: [
      [1, 3],
      [2, 2],
      [3, 1],
    ],
    first: ['time', 'batch', 'default'],
    fed: [false, true],
  },
  (c) => {
    const attributes = {
      time: { time_axis: 0, batch_axis: 1 },
      batch: { time_axis: 1, batch_axis: 0 },
      default: {},
    }[c.first];
    return (s) => {
      const x = s.real(c.first === 'batch' ? [2, 3, 2] : [3, 2, 2]);
      s.node('ReverseSequence', [x, c.fed ? s.fedList(c.lengths) : s.list(c.lengths)], attributes);
    };
  },
);

const depthToSpace = product(
  [7, 11, 13, 22],
  { mode: [undefined, 'DCR', 'CRD'], block: [1, 2, 3] },
  ({ opset, mode, block }) => {
    if (mode && opset < 11) return undefined;
    const attributes = { blocksize: block, ...(mode && { mode }) };
    return (s) => s.node('DepthToSpace', [s.real([1, 2 * block ** 2, 2, 3])], attributes);
  },
);

const spaceToDepth = product([7, 13, 22], { block: [1, 2, 3] }, ({ block }) => (s) => {
  s.node('SpaceToDepth', [s.real([1, 2, 2 * block, 3 * block])], { blocksize: block });
});

export const layout: Sweep = {
  Concat: concat,
  DepthToSpace: depthToSpace,
  Expand: expand,
  Flatten: flatten,
  Reshape: reshape,
  ReverseSequence: reverse,
  SpaceToDepth: spaceToDepth,
  Squeeze: ones('Squeeze', [2, 1, 3, 1], [undefined, [1], [3], [1, 3], [-1], [-3, -1]]),
  Tile: tile,
  Transpose: transpose,
  Trilu: trilu,
  Unsqueeze: ones('Unsqueeze', [2, 3], [[0], [2], [0, 3], [1, 2], [-1], [-4, -1], [3, 0]]),
};
