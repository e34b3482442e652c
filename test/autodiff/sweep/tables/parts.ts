/** Parts of a tensor, and what is put around it. */
import { product, type Sweep, type Variant } from '../variant.ts';

/** Equal parts, given ones, a count of them (opset 18) with a smaller last; and parts that nobody reads. */
const split = product(
  [7, 11, 13, 18, 22],
  { axis: [undefined, 0, 1, -1], parts: ['equal', 'given', 'counted'], read: ['all', 'some'] },
  ({ opset, axis, parts, read }) => {
    if (axis !== undefined && axis < 0 && opset < 11) return undefined;
    if (parts === 'counted' && opset < 18) return undefined;
    // Since opset 18 something must say into what.
    if (parts === 'equal' && opset >= 18) return undefined;
    const outputs = ['a', read === 'all' ? 'b' : 'unread', 'c'];
    return (s) => {
      const extent = parts === 'equal' ? 6 : 5;
      const x = s.real(axis === 1 || axis === -1 ? [2, extent] : [extent, 2]);
      const lengths = [1, 3, 1];
      const attributes = { ...(axis !== undefined && { axis }), ...(parts === 'counted' && { num_outputs: 3 }) };
      const given = parts === 'given';
      const inputs = given && opset >= 13 ? [x, s.list(lengths)] : [x];
      const names = s.inners(
        'Split',
        inputs,
        given && opset < 13 ? { ...attributes, split: lengths } : attributes,
        outputs,
      );
      s.output(...names.filter((_, i) => read === 'all' || i !== 1));
    };
  },
);

const slices = [
  { starts: [1], ends: [3], axes: [1] },
  { starts: [0, 1], ends: [9, 4] },
  { starts: [-3], ends: [-1], axes: [-1] },
  { starts: [1, 0], ends: [5, 2], axes: [1, 0], steps: [2, 1] },
  { starts: [-1], ends: [-99], axes: [1], steps: [-1] },
  { starts: [4, 1], ends: [0, -99], axes: [1, 0], steps: [-2, -1] },
  { starts: [99], ends: [-99], axes: [1], steps: [-3] },
  { starts: [-99], ends: [99], axes: [1], steps: [3] },
] as const;

const slice = product([7, 10, 11, 13, 22], { part: slices }, ({ opset, part }) => {
  const { starts, ends } = part;
  const axes = 'axes' in part ? part.axes : undefined;
  const steps = 'steps' in part ? part.steps : undefined;
  if (opset < 10) {
    if (steps || axes?.some((a) => a < 0)) return undefined;
    return (s) => s.node('Slice', [s.real([2, 5])], { starts, ends, ...(axes && { axes }) });
  }
  return (s) => {
    const inputs = [s.real([2, 5]), s.list(starts), s.list(ends)];
    if (axes || steps) inputs.push(axes ? s.list(axes) : '');
    s.node('Slice', steps ? [...inputs, s.list(steps)] : inputs);
  };
});

/** Widths of constant, mirrored and repeated padding; negative ones crop. */
const pad: Variant[] = product(
  [7, 11, 18, 19, 22],
  {
    mode: [undefined, 'constant', 'reflect', 'edge', 'wrap'],
    pads: [
      [0, 0, 0, 0],
      [1, 0, 0, 2],
      [2, 1, 1, 3],
      [0, 2, 2, 0],
      [-1, 1, 1, -2],
      [0, -1, 0, 0],
    ],
    axes: [undefined, [0, 1], [1, 0], [-1, -2]],
    value: [false, true],
  },
  ({ opset, mode, pads, axes, value }) => {
    if ((mode === 'wrap' && opset < 19) || (axes && opset < 18)) return undefined;
    if (value && mode && mode !== 'constant') return undefined;
    const attributes = mode ? { mode } : {};
    const shape = [4, 5];
    return (s) => {
      const x = s.real(shape);
      if (opset < 11) return s.node('Pad', [x], { ...attributes, pads, ...(value && { value: { float: 0.5 } }) });
      const filled = value ? s.floats([0.5], []) : '';
      const inputs = [x, s.list(pads), filled, axes ? s.list(axes) : ''];
      while (inputs.at(-1) === '') inputs.pop();
      return s.node('Pad', inputs, attributes);
    };
  },
);

export const parts: Sweep = { Pad: pad, Slice: slice, Split: split };
