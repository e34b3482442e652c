import { type DType, scalar } from '../../../src/model/tensor.ts';
import type { CaseGenerator, Sketch } from './sketch.ts';

type Range = readonly [number, number];
const any: Range = [-2, 2];
const positive: Range = [0.5, 3];
const inUnit: Range = [-0.75, 0.75];

const unary =
  (op: string, [low, high]: Range = any): CaseGenerator =>
  (s) =>
    s.node(op, [s.real(s.shape(0, 4), low, high)]);

/** Two shapes that broadcast into each other, both ways. */
function pair(s: Sketch): [number[], number[]] {
  const shape = s.shape(0, 4);
  const a = s.broadcastable(shape);
  return s.bool() ? [shape, a] : [a, shape];
}

const binary =
  (op: string, left: Range = any, right: Range = any): CaseGenerator =>
  (s) => {
    const [a, b] = pair(s);
    s.node(op, [s.real(a, ...left), s.weight(b, ...right)]);
  };

/** The same tensor twice: its gradient has two parts. */
const square: CaseGenerator = (s) => {
  const x = s.real(s.shape(1, 3));
  s.node('Mul', [x, x]);
};

const variadic =
  (op: string): CaseGenerator =>
  (s) => {
    const shape = s.shape(1, 4);
    s.node(
      op,
      s.ints(s.int(1, 3), 0, 0).map(() => s.real(s.broadcastable(shape))),
    );
  };

const integer =
  (op: string): CaseGenerator =>
  (s) => {
    const [a, b] = pair(s);
    s.node(op, [s.integers(a, -9, 9), s.integers(b, 1, 5)]);
  };

/** Small integers, so that equal ones occur. */
const compare =
  (op: string): CaseGenerator =>
  (s) => {
    const [a, b] = pair(s);
    const x = s.integers(a, -2, 2, false);
    const y = s.integers(b, -2, 2);
    if (s.bool()) return s.node(op, [x, y]);
    return s.node(op, [s.inner('Cast', [x], { to: 1 }), s.inner('Cast', [y], { to: 1 })]);
  };

const logical =
  (op: string): CaseGenerator =>
  (s) => {
    const [a, b] = pair(s);
    s.node(op, [s.booleans(a), s.booleans(b)]);
  };

const mod: CaseGenerator = (s) => {
  const [a, b] = pair(s);
  if (s.bool()) return s.node('Mod', [s.integers(a, -9, 9), s.integers(b, 1, 5)]);
  return s.node('Mod', [s.real(a), s.real(b, 0.5, 3)], { fmod: 1 });
};

const where: CaseGenerator = (s) => {
  const shape = s.shape(1, 4);
  s.node('Where', [s.booleans(s.broadcastable(shape)), s.real(s.broadcastable(shape)), s.real(shape)]);
};

const casts: readonly (readonly [DType, number])[] = [
  ['float32', 1],
  ['int32', 6],
  ['int64', 7],
  ['bool', 9],
  ['float64', 11],
];

const cast: CaseGenerator = (s) => {
  const shape = s.shape(0, 3);
  const x = s.pick([() => s.real(shape, -5, 5), () => s.booleans(shape), () => s.integers(shape, -9, 9, false)])();
  s.node('Cast', [x], { to: s.pick(casts)[1] });
};

/** Rounding to half precision and back; fed as int64, since rounding has no slope to compare a gradient with. */
const throughHalf: CaseGenerator = (s) => {
  const x = s.inner('Div', [
    s.inner('Cast', [s.integers(s.shape(1, 3), -9999, 9999, false)], { to: 1 }),
    s.initializer(scalar(37)),
  ]);
  s.node('Cast', [s.inner('Cast', [x], { to: 10 })], { to: 1 });
};

const castLike: CaseGenerator = (s) => {
  s.node('CastLike', [s.integers(s.shape(1, 3), -9, 9, false), s.real([1])]);
};

const castLikeReal: CaseGenerator = (s) => s.node('CastLike', [s.real(s.shape(1, 3)), s.real([1])]);

/** Bases stay positive unless the exponent is a whole number. */
const integerPower: CaseGenerator = (s) => {
  const exponent = { dtype: 'float32', shape: [], data: Float32Array.of(s.pick([0, 1, 2, 3])) } as const;
  s.node('Pow', [s.real(s.shape(1, 4)), s.initializer(exponent)]);
};

export const elementwiseCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  Neg: [unary('Neg')],
  Abs: [unary('Abs')],
  Sign: [unary('Sign')],
  Sqrt: [unary('Sqrt', positive)],
  Exp: [unary('Exp')],
  Log: [unary('Log', positive)],
  Sin: [unary('Sin')],
  Cos: [unary('Cos')],
  Tan: [unary('Tan', [-1, 1])],
  Asin: [unary('Asin', inUnit)],
  Acos: [unary('Acos', inUnit)],
  Atan: [unary('Atan')],
  Sinh: [unary('Sinh')],
  Cosh: [unary('Cosh')],
  Asinh: [unary('Asinh')],
  Acosh: [unary('Acosh', [1.25, 3])],
  Atanh: [unary('Atanh', inUnit)],
  Reciprocal: [unary('Reciprocal', positive)],
  Floor: [unary('Floor')],
  Ceil: [unary('Ceil')],
  Round: [unary('Round')],
  Add: [binary('Add'), integer('Add')],
  Sub: [binary('Sub'), integer('Sub')],
  Mul: [binary('Mul'), integer('Mul'), square],
  Div: [binary('Div', any, positive), integer('Div')],
  Pow: [binary('Pow', positive), integerPower],
  Mod: [mod],
  Min: [variadic('Min')],
  Max: [variadic('Max')],
  Sum: [variadic('Sum')],
  Mean: [variadic('Mean')],
  Equal: [compare('Equal')],
  Less: [compare('Less')],
  Greater: [compare('Greater')],
  LessOrEqual: [compare('LessOrEqual')],
  GreaterOrEqual: [compare('GreaterOrEqual')],
  And: [logical('And')],
  Or: [logical('Or')],
  Xor: [logical('Xor')],
  Not: [(s) => s.node('Not', [s.booleans(s.shape(0, 3))])],
  Where: [where],
  Cast: [cast, (s) => s.node('Cast', [s.real(s.shape(1, 3))], { to: 1 }), throughHalf],
  CastLike: [castLike, castLikeReal],
};
