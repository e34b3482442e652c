/** A graph at a point where its formula has no derivative, and what is taken for it there. */
import { type AttributeLike, GraphBuilder } from '../../../src/model/builder.ts';
import { float32, type Tensor } from '../../../src/model/tensor.ts';

export interface Point {
  readonly name: string;
  readonly opset?: number;
  /** Inputs by name; all are differentiated. */
  readonly x: Readonly<Record<string, Tensor>>;
  /** Writes the graph; its output is `y`. */
  readonly write: (b: GraphBuilder) => void;
  /** Gradients of Σ y by input. Left out: they need only be finite. */
  readonly gradient?: Readonly<Record<string, readonly number[]>>;
}

export const row = (...data: readonly number[]): Tensor => float32(data, [data.length]);
export const matrix = (...rows: readonly (readonly number[])[]): Tensor =>
  float32(rows.flat(), [rows.length, rows[0]!.length]);

/** One node of one input. */
export const single = (
  name: string,
  op: string,
  x: Tensor,
  gradient: readonly number[] | undefined,
  attributes: Record<string, AttributeLike> = {},
  more: Partial<Point> = {},
): Point => ({
  name,
  x: { x },
  write: (b) => b.op(op, ['x'], attributes, 'y'),
  ...(gradient && { gradient: { x: gradient } }),
  ...more,
});

export function graphOf({ opset = 17, x, write }: Point) {
  const b = new GraphBuilder(opset);
  for (const [name, t] of Object.entries(x)) b.input(name, t.dtype, t.shape);
  write(b);
  b.output('y');
  return b.build('point');
}
