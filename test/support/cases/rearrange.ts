import { float32, int64, scalar } from '../../../src/model/tensor.ts';
import type { CaseGenerator, Sketch } from './sketch.ts';

const signed = (s: Sketch, axis: number, rank: number): number => (s.bool() ? axis : axis - rank);

const transpose: CaseGenerator = (s) => {
  const shape = s.shape(1, 5, 3);
  s.node('Transpose', [s.real(shape)], s.int(0, 3) === 0 ? {} : { perm: s.order(shape.length) });
};

const concat: CaseGenerator = (s) => {
  const shape = s.shape(1, 4, 3);
  const axis = s.int(0, shape.length - 1);
  const parts = s.ints(s.int(1, 3), 1, 3);
  s.node(
    'Concat',
    parts.map((n) => s.real(shape.map((m, d) => (d === axis ? n : m)))),
    { axis: signed(s, axis, shape.length) },
  );
};

const split: CaseGenerator = (s) => {
  s.opset = s.pick([11, 13, 18]);
  const shape = s.shape(1, 3);
  const axis = s.int(0, shape.length - 1);
  const sizes = s.ints(s.int(1, 3), 1, 3);
  const even = s.bool();
  const parts = even ? sizes.map(() => sizes[0]!) : sizes;
  shape[axis] = parts.reduce((a, b) => a + b, 0);
  const x = s.real(shape);
  const attributes = { axis: signed(s, axis, shape.length) };
  if (even && s.opset === 18) return s.node('Split', [x], { ...attributes, num_outputs: parts.length }, parts.length);
  if (even) return s.node('Split', [x], attributes, parts.length);
  if (s.opset < 13) return s.node('Split', [x], { ...attributes, split: parts }, parts.length);
  return s.node('Split', [x, s.list(parts)], attributes, parts.length);
};

const slice: CaseGenerator = (s) => {
  s.opset = s.pick([9, 10, 17]);
  const shape = s.shape(1, 4, 5);
  const axes = s.order(shape.length).slice(0, s.int(1, shape.length));
  const steps = axes.map(() => (s.opset < 10 ? 1 : s.pick([1, 1, 2, 3, -1, -2])));
  const bounds = axes.map((a, i) => {
    const n = shape[a]!;
    const low = s.int(0, n - 1);
    const high = s.int(low + 1, n);
    if (steps[i]! > 0) return [s.bool() ? low : low - n, s.pick([high, high - n || n, n + 7])] as const;
    return [s.bool() ? high - 1 : high - 1 - n, low === 0 ? -n - 5 : low - 1] as const;
  });
  const starts = bounds.map((b) => b[0]);
  const ends = bounds.map((b) => b[1]);
  const x = s.real(shape);
  if (s.opset < 10) return s.node('Slice', [x], { starts, ends, axes });
  return s.node('Slice', [x, s.list(starts), s.list(ends), s.list(axes), s.list(steps)]);
};

/** Backwards over several elements, also in steps. */
const sliceBackwards: CaseGenerator = (s) => {
  const shape = [s.int(1, 3), s.int(4, 8)];
  const step = -s.int(1, 3);
  const x = s.real(shape);
  s.node('Slice', [x, s.list([s.pick([-1, -2, 99])]), s.list([s.pick([-99, 0, 1])]), s.list([1]), s.list([step])]);
};

const expand: CaseGenerator = (s) => {
  const shape = s.shape(1, 4);
  s.node('Expand', [s.real(s.broadcastable(shape)), s.list(shape)]);
};

const tile: CaseGenerator = (s) => {
  const shape = s.shape(1, 4, 3);
  s.node('Tile', [s.real(shape), s.list(s.ints(shape.length, 1, 3))]);
};

const depthToSpace: CaseGenerator = (s) => {
  const blocksize = s.int(1, 2);
  const shape = [s.int(1, 2), s.int(1, 2) * blocksize ** 2, s.int(1, 3), s.int(1, 3)];
  s.node('DepthToSpace', [s.real(shape)], { blocksize, mode: s.pick(['DCR', 'CRD']) });
};

const spaceToDepth: CaseGenerator = (s) => {
  const blocksize = s.int(1, 2);
  const shape = [s.int(1, 2), s.int(1, 3), s.int(1, 3) * blocksize, s.int(1, 3) * blocksize];
  s.node('SpaceToDepth', [s.real(shape)], { blocksize });
};

const trilu: CaseGenerator = (s) => {
  const k = s.bool() ? [s.list([s.int(-2, 2)], [])] : [];
  s.node('Trilu', [s.real([...s.shape(0, 2), s.int(1, 4), s.int(1, 4)]), ...k], { upper: s.int(0, 1) });
};

const reverseSequence: CaseGenerator = (s) => {
  const [steps, batch] = [s.int(1, 4), s.int(1, 3)];
  const timeFirst = s.bool();
  const shape = [...(timeFirst ? [steps, batch] : [batch, steps]), ...s.shape(0, 2)];
  const attributes = timeFirst ? {} : { batch_axis: 0, time_axis: 1 };
  s.node('ReverseSequence', [s.real(shape), s.list(s.ints(batch, 1, steps))], attributes);
};

const pad: CaseGenerator = (s) => {
  s.opset = s.pick([9, 11, 18, 19]);
  const shape = s.shape(1, 4).map((n) => n + 1);
  const mode = s.pick(['constant', 'reflect', 'edge', ...(s.opset === 19 ? ['wrap'] : [])]);
  // A reflection cannot reach beyond the other end.
  const most = (d: number) => (mode === 'reflect' ? Math.min(shape[d]! - 1, 2) : 2);
  const least = mode === 'constant' ? -1 : 0;
  const axes = s.opset >= 18 && s.bool() ? s.order(shape.length).slice(0, s.int(1, shape.length)) : undefined;
  const over = axes ?? shape.map((_, d) => d);
  const pads = [...over, ...over].map((d) => s.int(shape[d]! > 2 ? least : 0, most(d)));
  const x = s.real(shape);
  if (s.opset < 11) return s.node('Pad', [x], { pads, mode, value: { float: 0.5 } });
  const value = mode === 'constant' && s.bool() ? s.initializer(scalar(1.5)) : '';
  const inputs = axes ? [x, s.list(pads), value, s.list(axes)] : value ? [x, s.list(pads), value] : [x, s.list(pads)];
  return s.node('Pad', inputs, { mode });
};

const oneHot: CaseGenerator = (s) => {
  const shape = s.shape(1, 3, 3);
  const depth = s.int(1, 5);
  const values = s.initializer(float32([-0.5, 2], [2]));
  const indices = s.integers(shape, -depth, depth - 1);
  s.node('OneHot', [indices, s.initializer(int64([depth], [])), values], {
    axis: s.int(-shape.length - 1, shape.length),
  });
};

export const rearrangeCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  Transpose: [transpose],
  Concat: [concat],
  Split: [split],
  Slice: [slice, sliceBackwards],
  Expand: [expand],
  Tile: [tile],
  DepthToSpace: [depthToSpace],
  SpaceToDepth: [spaceToDepth],
  Trilu: [trilu],
  ReverseSequence: [reverseSequence],
  Pad: [pad],
  OneHot: [oneHot],
};
