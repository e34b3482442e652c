/** Pools: windows that overlap, leave gaps, hang over (`ceil_mode`) or reach into padding, on odd and even sizes. */
import type { AttributeLike } from '../../../../src/model/builder.ts';
import { product, type Sweep } from '../variant.ts';

interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly size: readonly number[];
}

/** Along one axis, along two with different extents, and along three. */
const windows: readonly Windows[] = [
  { kernel: [3], strides: [2], size: [8] },
  { kernel: [2, 2], strides: [2, 2], size: [5, 7] },
  { kernel: [2, 2], strides: [2, 2], size: [4, 6] },
  { kernel: [3, 3], strides: [2, 2], size: [7, 6] },
  { kernel: [3, 2], strides: [1, 1], size: [5, 4] },
  { kernel: [2, 3], strides: [3, 4], size: [9, 8] },
  { kernel: [3, 3], strides: [3, 3], size: [8, 7] },
  { kernel: [2, 2, 3], strides: [2, 1, 2], size: [5, 3, 6] },
];
const paddings = ['none', 'before', 'after', 'both', 'SAME_UPPER', 'SAME_LOWER', 'VALID'] as const;
const dilations = [1, 2] as const;

/** Attributes of a window with one kind of padding; undefined where the kernel would not fit. */
function attributesOf(
  { kernel, strides, size }: Windows,
  padding: (typeof paddings)[number],
  dilation: number,
): Record<string, AttributeLike> | undefined {
  const reach = kernel.map((k) => dilation * (k - 1) + 1);
  if (reach.some((r, i) => r > size[i]!)) return undefined;
  const base = { kernel_shape: kernel, strides, ...(dilation > 1 && { dilations: kernel.map(() => dilation) }) };
  const none = kernel.map(() => 0);
  const some = kernel.map((k) => (k > 2 ? 1 : k - 1));
  switch (padding) {
    case 'none':
      return base;
    case 'before':
      return { ...base, pads: [...some, ...none] };
    case 'after':
      return { ...base, pads: [...none, ...some] };
    case 'both':
      return { ...base, pads: [...some, ...some] };
    default:
      return { ...base, auto_pad: padding };
  }
}

/** Where SAME windows leave gaps between them the padding they need is negative. */
const negative = 'its kernel without dilations takes no negative padding';
const gaps = ({ kernel, strides, size }: Windows, padding: string) =>
  padding.startsWith('SAME') && size.some((n, i) => (Math.ceil(n / strides[i]!) - 1) * strides[i]! + kernel[i]! < n);

const maxPool = product(
  [8, 10, 12, 22],
  { window: windows, padding: paddings, dilation: dilations, ceil: [0, 1], outputs: [1, 2], columns: [0, 1] },
  ({ opset, window, padding, dilation, ceil, outputs, columns }) => {
    if (opset < 10 && (ceil === 1 || dilation > 1)) return undefined;
    // The indices in one opset of each form, their other order in one.
    if ((opset === 10 && outputs === 2) || (opset !== 12 && columns === 1)) return undefined;
    const attributes = attributesOf(window, padding, dilation);
    if (!attributes) return undefined;
    const all = { ...attributes, ...(ceil && { ceil_mode: 1 }), ...(columns && { storage_order: 1 }) };
    return {
      write: (s) => s.node('MaxPool', [s.real([2, 2, ...window.size])], all, ['y', 'places'].slice(0, outputs)),
      ...(gaps(window, padding) && outputs === 1 && columns === 0 && dilation === 1 && { refused: negative }),
    };
  },
);

const averagePool = product(
  [7, 11, 19, 22],
  { window: windows, padding: paddings, dilation: dilations, ceil: [0, 1], counted: [0, 1] },
  ({ opset, window, padding, dilation, ceil, counted }) => {
    if ((opset < 10 && ceil === 1) || (opset < 19 && dilation > 1)) return undefined;
    const attributes = attributesOf(window, padding, dilation);
    if (!attributes) return undefined;
    const all = { ...attributes, ...(ceil && { ceil_mode: 1 }), count_include_pad: counted };
    return {
      write: (s) => s.node('AveragePool', [s.real([2, 2, ...window.size])], all),
      ...(gaps(window, padding) && opset < 19 && !(ceil && counted) && { refused: negative }),
      ...(gaps(window, padding) && dilation > 1 && { unruled: 'the engine leaves out the last inputs of a window' }),
    };
  },
);

const lpPool = product(
  [7, 18, 22],
  { window: windows, padding: paddings, dilation: dilations, ceil: [0, 1], p: [undefined, 1, 3] },
  ({ opset, window, padding, dilation, ceil, p }) => {
    if (opset < 18 && (ceil === 1 || dilation > 1)) return undefined;
    if (opset === 22 && p !== undefined) return undefined;
    const attributes = attributesOf(window, padding, dilation);
    if (!attributes) return undefined;
    const all = { ...attributes, ...(ceil && { ceil_mode: 1 }), ...(p && { p }) };
    return (s) => s.node('LpPool', [s.signed([1, 2, ...window.size])], all);
  },
);

/** A kernel and nothing else: strides are 1. */
const bare = (op: string, opsets: readonly number[]) =>
  product(opsets, { window: windows }, ({ window: { kernel, size } }) => (s) => {
    s.node(op, [s.real([1, 2, ...size])], { kernel_shape: kernel });
  });

const spatial = [[5], [3, 4], [2, 3, 2], [1, 1]];
const global = (op: string, opsets: readonly number[]) =>
  product(opsets, { spatial }, (c) => (s) => s.node(op, [s.real([2, 2, ...c.spatial])]));

const globalLp = product([7, 21, 22], { spatial, p: [undefined, 1, 2, 3] }, ({ opset, spatial: size, p }) => ({
  write: (s) => s.node('GlobalLpPool', [s.signed([2, 2, ...size])], p ? { p } : {}),
  ...(opset >= 22 && { refused: 'no kernel' }),
}));

/** What a pool took, put back; with padding, and onto a given shape. */
const maxUnpool = product(
  [9, 11, 22],
  {
    window: windows.filter((w) => w.kernel.length < 3),
    pads: [0, 1],
    shaped: [false, true],
    fed: [false, true],
    shared: [false, true],
  },
  ({ window: { kernel, strides, size }, pads, shaped, fed, shared }) => {
    const made = size.map((n, i) => Math.floor((n - kernel[i]!) / strides[i]!) + 1);
    const width = kernel.map((_, i) => (made[i]! - 1) * strides[i]! - 2 * pads + kernel[i]!);
    if (width.some((n) => n < 1)) return undefined;
    const target = shaped ? size : width;
    const count = made.reduce((a, b) => a * b, 1);
    const room = target.reduce((a, b) => a * b, 1);
    if (count > room) return undefined;
    // The last places of each channel, backwards; windows that overlap share some.
    const place = (c: number, i: number) => c * room + room - 1 - (shared ? i - (i % 2) : i);
    const places = [0, 1].flatMap((c) => Array.from({ length: count }, (_, i) => place(c, i)));
    const attributes = { kernel_shape: kernel, strides, ...(pads && { pads: [...kernel, ...kernel].map(() => 1) }) };
    return (s) => {
      const indices = (fed ? s.fedList : s.list).call(s, places, [1, 2, ...made]);
      const shape = shaped ? [s.list([1, 2, ...target])] : [];
      s.node('MaxUnpool', [s.real([1, 2, ...made]), indices, ...shape], attributes);
    };
  },
);

export const pooling: Sweep = {
  MaxPool: [...maxPool, ...bare('MaxPool', [8, 12, 22])],
  AveragePool: [...averagePool, ...bare('AveragePool', [7, 11, 22])],
  LpPool: lpPool,
  GlobalAveragePool: global('GlobalAveragePool', [7, 22]),
  GlobalMaxPool: global('GlobalMaxPool', [7, 22]),
  GlobalLpPool: globalLp,
  MaxUnpool: maxUnpool,
};
