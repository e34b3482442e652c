/** What inference works on. */
import type { Node } from '../../model/graph.ts';
import { asNumbers, type DType, type Tensor } from '../../model/tensor.ts';

/** Type and shape of a tensor. */
export interface Kind {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** With its value where it is a constant. */
export interface Operand extends Kind {
  readonly value?: Tensor | undefined;
}

export interface Call {
  readonly node: Node;
  /** undefined where an optional input is left out. */
  readonly x: readonly (Operand | undefined)[];
}

/** The kind of a node's first output; undefined where it hangs on values that are not constant. */
export type Inference = (call: Call) => Kind | undefined;
export type Inferences = Readonly<Record<string, Inference>>;

/** What an operator cannot take. The message is the problem alone: who catches it knows where it was. */
export class Misfit extends Error {}

export function misfit(problem: string): never {
  throw new Misfit(problem);
}

export const written = ({ dtype, shape }: Kind): string => `${dtype} [${shape}]`;

export function required({ node, x }: Call, i: number): Operand {
  return x[i] ?? misfit(`a ${node.op} without its input ${i}`);
}

/** The elements of a constant input. */
export function numbersAt(call: Call, i: number): number[] | undefined {
  const value = call.x[i]?.value;
  return value && asNumbers(value);
}

export function axisIn(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  return positive >= 0 && positive < Math.max(rank, 1) ? positive : misfit(`axis ${axis} of ${rank} axes`);
}

/** All operands must have one type: ONNX never casts by itself. */
export function oneType(op: string, operands: readonly Kind[]): DType {
  const [first, ...others] = operands as [Kind, ...Kind[]];
  const other = others.find((o) => o.dtype !== first.dtype);
  return other ? misfit(`a ${op} of ${written(first)} and ${written(other)}`) : first.dtype;
}

/** Common shape, as NumPy and ONNX broadcast. */
export function broadcast(op: string, operands: readonly Kind[]): number[] {
  const rank = Math.max(...operands.map((o) => o.shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = operands.map((o) => o.shape[axis - rank + o.shape.length] ?? 1);
    const extent = extents.find((n) => n !== 1) ?? 1;
    if (extents.every((n) => n === 1 || n === extent)) return extent;
    return misfit(`a ${op} of ${operands.map(written).join(' and ')}`);
  });
}
