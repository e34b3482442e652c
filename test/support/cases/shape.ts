import { GraphBuilder } from '../../../src/model/builder.ts';
import { float32, int64, scalar, sizeOf } from '../../../src/model/tensor.ts';
import type { CaseGenerator, Sketch } from './sketch.ts';

/** Another shape with the same elements, written with 0 and -1 at times. */
function otherShape(s: Sketch, shape: readonly number[]): number[] {
  const kept = s.int(0, shape.length);
  const rest = sizeOf(shape.slice(kept));
  const wanted = [...shape.slice(0, kept).map((n) => (s.bool() ? 0 : n)), s.bool() ? -1 : rest];
  return s.bool() ? [...wanted, 1] : wanted;
}

const reshape: CaseGenerator = (s) => {
  const shape = s.shape(1, 4);
  s.node('Reshape', [s.real(shape), s.list(otherShape(s, shape))]);
};

const reshapeLiteralZero: CaseGenerator = (s) => {
  s.node('Reshape', [s.real([0, s.int(1, 3)]), s.list([s.int(1, 3), 0])], { allowzero: 1 });
};

const flatten: CaseGenerator = (s) => {
  const shape = s.shape(1, 4);
  s.node('Flatten', [s.real(shape)], { axis: s.int(-shape.length, shape.length) });
};

const squeeze: CaseGenerator = (s) => {
  s.opset = s.pick([11, 17]);
  const shape = s.shape(2, 4).map((n) => (s.bool() ? 1 : n));
  const ones = shape.flatMap((n, d) => (n === 1 && s.bool() ? [s.bool() ? d : d - shape.length] : []));
  const x = s.real(shape);
  if (ones.length === 0) return s.node('Squeeze', [x]);
  return s.opset < 13 ? s.node('Squeeze', [x], { axes: ones }) : s.node('Squeeze', [x, s.list(ones)]);
};

const unsqueeze: CaseGenerator = (s) => {
  s.opset = s.pick([11, 17]);
  const shape = s.shape(0, 3);
  const axes = s.order(shape.length + 1).slice(0, s.int(1, shape.length + 1));
  const rank = shape.length + axes.length;
  const signed = axes.map((a) => (s.bool() ? a : a - rank));
  const x = s.real(shape);
  return s.opset < 13 ? s.node('Unsqueeze', [x], { axes: signed }) : s.node('Unsqueeze', [x, s.list(signed)]);
};

const shapeOf: CaseGenerator = (s) => {
  const shape = s.shape(1, 4);
  const start = s.int(-shape.length, shape.length - 1);
  s.node('Shape', [s.real(shape)], s.bool() ? { start } : { start, end: s.int(0, shape.length) });
};

const constant: CaseGenerator = (s) => {
  const attribute = s.pick([
    { value: s.values(s.shape(0, 3)) },
    { value: int64([1, -2, 3]) },
    { value_float: { float: 1.5 } },
    { value_int: 7 },
    { value_ints: [1, 2, 3] },
    { value_floats: { type: 'floats', value: [0.5, -1] } as const },
  ]);
  s.node('Constant', [], attribute);
};

const constantOfShape: CaseGenerator = (s) => {
  const value = s.pick([{}, { value: float32([1.5], [1]) }, { value: int64([3]) }]);
  s.node('ConstantOfShape', [s.list(s.shape(1, 3))], value);
};

const range: CaseGenerator = (s) => {
  if (s.bool()) {
    const [start, limit, delta] = [s.int(-5, 5), s.int(-5, 10), s.int(1, 3)];
    return s.node('Range', [s.list([start], []), s.list([limit], []), s.list([delta], [])]);
  }
  const floats = [s.int(0, 5), s.int(-9, 5) - 0.25, -0.5].map((v) => s.initializer(scalar(v)));
  return s.node('Range', floats);
};

const dropout: CaseGenerator = (s) => {
  s.opset = s.pick([9, 11, 17]);
  s.node('Dropout', [s.real(s.shape(1, 4))], s.opset < 12 ? { ratio: { float: 0.25 } } : {});
};

/** Each branch reads a tensor of the surrounding graph. */
const choose: CaseGenerator = (s) => {
  const x = s.real([2, 3]);
  const body = (op: string) => {
    const b = new GraphBuilder(s.opset);
    b.output(b.op(op, [x], {}, `${op}_of_x`), 'float32', [2, 3]);
    return { type: 'graph', value: b.build(op) } as const;
  };
  s.node('If', [s.booleans([])], { then_branch: body('Neg'), else_branch: body('Exp') });
};

export const shapeCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  Reshape: [reshape, reshapeLiteralZero],
  Flatten: [flatten],
  Squeeze: [squeeze],
  Unsqueeze: [unsqueeze],
  Shape: [shapeOf],
  Size: [(s) => s.node('Size', [s.real(s.shape(0, 4))])],
  Constant: [constant],
  ConstantOfShape: [constantOfShape],
  Range: [range],
  Identity: [(s) => s.node('Identity', [s.real(s.shape(0, 4))])],
  Dropout: [dropout],
  If: [choose],
};
