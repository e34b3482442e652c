/** Functions of single elements, of one tensor or of several that broadcast. */
import { product, type Sweep, type Variant } from '../variant.ts';

const opsets = [7, 9, 13, 14, 15, 17, 22, 26];

const unary = (op: string, low = -3, high = 3, since = 7): Variant[] =>
  product(
    opsets.filter((o) => o >= since),
    { shape: [[], [12], [2, 3, 2]] },
    ({ shape }) =>
      (s) =>
        s.node(op, [s.real(shape, low, high)]),
  );

/** Shapes that broadcast: equal, a scalar, fewer axes, ones inside, ones on both sides. */
const pairs = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], []],
  [[], [3, 2]],
  [[2, 3, 2], [2]],
  [
    [2, 3, 2],
    [3, 1],
  ],
  [[3], [2, 1, 3]],
  [
    [2, 1, 2],
    [1, 3, 1],
  ],
  [[1], [1, 1]],
] as const;

/** Either side fed or constant, or the same tensor twice. */
const binary = (op: string, left: readonly [number, number], right: readonly [number, number]): Variant[] =>
  product([7, 13, 14, 22, 26], { shapes: pairs, constant: ['none', 'left', 'right', 'twice'] }, (c) => (s) => {
    const [a, b] = c.shapes;
    const x = s.either(c.constant === 'left', a, ...left);
    s.node(op, [x, c.constant === 'twice' ? x : s.either(c.constant === 'right', b, ...right)]);
  });

const any = [-2, 2] as const;
const positive = [0.5, 2] as const;

const pow = [
  ...binary('Pow', positive, any),
  ...product(
    [7, 12, 13, 15, 22],
    { exponent: [-2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4], shape: [[], [1], [2, 1]], negative: [false, true] },
    ({ exponent, shape, negative }) => {
      if (negative && !Number.isInteger(exponent)) return undefined;
      const count = shape.reduce<number>((a, b) => a * b, 1);
      return (s) => {
        const x = negative ? s.real([2, 3], -2, -0.5) : s.real([2, 3], 0.5, 2);
        s.node('Pow', [x, s.floats(new Array<number>(count).fill(exponent), shape)]);
      };
    },
  ),
];

/** Quotients that stay between two whole numbers; since opset 10 only. */
const mod = product(
  [10, 13, 22],
  {
    shapes: pairs,
    range: [
      [0.05, 0.45],
      [1.75, 1.95],
      [-1.95, -1.75],
    ],
  },
  (c) => (s) => {
    const [a, b] = c.shapes;
    s.node('Mod', [s.real(a, ...(c.range as readonly [number, number])), s.real(b, 0.5, 0.55)], { fmod: 1 });
  },
);

const variadic = (op: string): Variant[] =>
  product(
    [8, 12, 13, 22],
    {
      shapes: [
        [[2, 3]],
        [
          [2, 3],
          [2, 3],
        ],
        [[3], [2, 1], []],
        [
          [2, 3, 2],
          [3, 1],
          [1, 2],
          [2, 3, 2],
        ],
      ],
    },
    ({ shapes }) =>
      (s) =>
        s.node(
          op,
          shapes.map((shape) => s.real(shape)),
        ),
  );

const where = product(
  [9, 16, 22],
  {
    shapes: [
      [
        [2, 3],
        [2, 3],
        [2, 3],
      ],
      [[2, 1], [3], []],
      [[3], [2, 3], [1, 3]],
      [[2, 3, 1], [1], [3, 2]],
    ],
    fed: [false, true],
  },
  ({ shapes: [condition, a, b], fed }) =>
    (s) => {
      const count = condition!.reduce<number>((n, d) => n * d, 1);
      const data = Uint8Array.from({ length: count }, (_, i) => Number(i % 3 !== 1));
      const c = { dtype: 'bool', shape: condition!, data } as const;
      s.node('Where', [fed ? s.feed(c) : s.constant(c), s.real(a!), s.real(b!)]);
    },
);

/** There and back through a type, where the values survive it. */
const cast = product([9, 13, 19, 21, 22, 25], { through: [1, 11] }, ({ through }) => ({
  single: through === 1,
  write: (s) => {
    const wide = s.inner('Cast', [s.real([2, 3])], { to: through });
    s.node('Cast', [wide], { to: s.precision === 'float64' ? 11 : 1 });
  },
}));

const castLike = product([15, 19, 22], { like: [[], [2, 2]] }, ({ like }) => (s) => {
  s.node('CastLike', [s.real([2, 3]), s.real(like)]);
});

const dropout = product(
  [7, 10, 12, 13, 22],
  { ratio: [undefined, 0.25], mask: [false, true], mode: [false, true] },
  (c) => {
    if (c.opset < 12) {
      if (c.mode) return undefined;
      const attributes = c.ratio === undefined ? {} : { ratio: { float: c.ratio } };
      return (s) => s.node('Dropout', [s.real([2, 3])], attributes, c.mask ? ['y', ''] : ['y']);
    }
    return (s) => {
      const ratio = c.ratio === undefined ? '' : s.floats([c.ratio], []);
      const off = c.mode ? s.constant({ dtype: 'bool', shape: [], data: Uint8Array.of(0) }) : '';
      const inputs = [s.real([2, 3]), ...(off ? [ratio, off] : ratio ? [ratio] : [])];
      s.node('Dropout', inputs, {}, c.mask ? ['y', ''] : ['y']);
    };
  },
);

/** What is dropped in training differs from run to run. */
const dropoutInTraining = product([12, 13, 22], {}, () => ({
  write: (s) => {
    const on = s.constant({ dtype: 'bool', shape: [], data: Uint8Array.of(1) });
    s.node('Dropout', [s.real([2, 3]), s.floats([0.5], []), on]);
  },
  unruled: 'random',
}));

export const elementwise: Sweep = {
  Abs: unary('Abs'),
  Acos: unary('Acos', -0.9, 0.9),
  Acosh: unary('Acosh', 1.2, 3, 9),
  Add: binary('Add', any, any),
  Asin: unary('Asin', -0.9, 0.9),
  Asinh: unary('Asinh', -3, 3, 9),
  Atan: unary('Atan'),
  Atanh: unary('Atanh', -0.9, 0.9, 9),
  Cast: cast,
  CastLike: castLike,
  Cos: unary('Cos'),
  Cosh: unary('Cosh', -2, 2, 9),
  Div: binary('Div', any, positive),
  Dropout: [...dropout, ...dropoutInTraining],
  Erf: unary('Erf', -2, 2, 9),
  Exp: unary('Exp', -2, 2),
  Identity: unary('Identity'),
  Log: unary('Log', 0.5, 3),
  Max: variadic('Max'),
  Mean: variadic('Mean'),
  Min: variadic('Min'),
  Mod: mod,
  Mul: binary('Mul', any, any),
  Neg: unary('Neg'),
  Pow: pow,
  Reciprocal: unary('Reciprocal', 0.5, 3),
  Sin: unary('Sin'),
  Sinh: unary('Sinh', -2, 2, 9),
  Sqrt: unary('Sqrt', 0.5, 3),
  Sub: binary('Sub', any, any),
  Sum: variadic('Sum'),
  Tan: unary('Tan', -1, 1),
  Where: where,
};
