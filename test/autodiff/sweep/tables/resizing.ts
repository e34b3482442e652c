/** Resize and Upsample: how positions and neighbours are chosen, by scales and by sizes. */
import { product, type Sweep, type Variant } from '../variant.ts';

const coordinates = [
  undefined,
  'half_pixel',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'half_pixel_symmetric',
] as const;
const scales = [
  [2, 2],
  [1.5, 3],
  [0.5, 0.7],
  [1 / 3, 5 / 3],
  [1, 2],
] as const;

const resize: Variant[] = product(
  [11, 13, 18, 22],
  {
    mode: ['nearest', 'linear', 'cubic'],
    coordinate: coordinates,
    nearest: [undefined, 'round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'],
    by: ['scales', 'sizes'],
    scale: scales,
  },
  ({ opset, mode, coordinate, nearest, by, scale }) => {
    if (nearest && mode !== 'nearest') return undefined;
    if (coordinate === 'half_pixel_symmetric' && opset < 19) return undefined;
    if (coordinate === 'tf_half_pixel_for_nn' && opset >= 13) return undefined;
    if ((opset === 13 && by === 'sizes') || (opset === 18 && by === 'scales')) return undefined;
    const size = [4, 5];
    return (s) => {
      const attributes = {
        mode,
        ...(coordinate && { coordinate_transformation_mode: coordinate }),
        ...(nearest && { nearest_mode: nearest }),
      };
      const none = s.single([]);
      const sizes = s.list([1, 1, ...size.map((n, i) => Math.max(1, Math.floor(n * scale[i]!)))]);
      const x = s.real([1, 1, ...size]);
      s.node(
        'Resize',
        by === 'scales' ? [x, none, s.single([1, 1, ...scale])] : [x, none, opset < 13 ? none : '', sizes],
        attributes,
      );
    };
  },
);

const old = (op: 'Upsample' | 'Resize', opset: number): Variant[] =>
  product(
    [opset],
    {
      mode: ['nearest', 'linear'],
      scale: [
        [2, 2],
        [1, 3],
        [1.5, 2.5],
      ],
    },
    ({ mode, scale }) =>
      (s) => {
        s.node(op, [s.real([1, 2, 3, 4]), s.single([1, 1, ...scale])], { mode });
      },
  );

/** Before opset 9 the scales were an attribute. */
const oldest = product(
  [7],
  {
    mode: ['nearest', 'linear'],
    scale: [
      [2, 2],
      [1, 3],
    ],
  },
  ({ mode, scale }) =>
    (s) => {
      s.node('Upsample', [s.real([1, 2, 3, 4])], { mode, scales: { type: 'floats', value: [1, 1, ...scale] } });
    },
);

export const resizing: Sweep = {
  Resize: [...resize, ...old('Resize', 10)],
  Upsample: [...old('Upsample', 9), ...oldest],
};
