/** What stands in for Shape and Size of a tensor that is on the other side of a cut. */
import { type Expression, evaluate, namesIn, parseExpression } from './dims/expression.ts';
import { attrInt, type Dim, type Node, type ValueInfo } from './graph.ts';
import { int64, sizeOf, type Tensor } from './tensor.ts';

export interface StandIn {
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
}

/**
 * The same answer without the tensor: a constant where its shape is fixed, else put together from the batches of
 * `present`. Undefined where the shape is not known well enough.
 * @param node Shape (with `start` and `end` since opset 15) or Size
 */
export function shapeWithout(
  node: Node,
  subject: ValueInfo | undefined,
  present: readonly ValueInfo[],
): StandIn | undefined {
  if (!subject || subject.unknown) return undefined;
  const output = node.outputs[0]!;
  const whole = node.op === 'Size';
  const dims = asked(node, subject.shape);
  if (dims.every((d) => typeof d === 'number')) {
    return { nodes: [], constants: new Map([[output, lengths(node, dims as number[])]]) };
  }
  const writer = new LengthWriter(output, present);
  const parts = dims.map((d) => writer.length(d));
  if (parts.some((p) => p === undefined)) return undefined;
  if (!whole) writer.node('Concat', parts as string[], { axis: 0 }, output);
  else writer.node('ReduceProd', [writer.node('Concat', parts as string[], { axis: 0 })], { keepdims: 0 }, output);
  return writer;
}

/** What Shape or Size answer for a tensor of this shape. */
export const shapeTensor = (node: Node, shape: readonly number[]): Tensor => lengths(node, asked(node, shape));

const lengths = (node: Node, dims: readonly number[]): Tensor =>
  node.op === 'Size' ? int64([sizeOf(dims)], []) : int64(dims);

/** Shape may ask for some dimensions only, since opset 15. */
const asked = <D extends Dim>(node: Node, shape: readonly D[]): readonly D[] =>
  node.op === 'Size' ? shape : shape.slice(attrInt(node, 'start', 0), attrInt(node, 'end', shape.length));

/** Writes lengths as nodes, each an int64 tensor [1]. */
class LengthWriter implements StandIn {
  readonly nodes: Node[] = [];
  readonly constants = new Map<string, Tensor>();
  readonly #prefix: string;
  readonly #present: readonly ValueInfo[];
  #count = 0;

  constructor(prefix: string, present: readonly ValueInfo[]) {
    this.#prefix = prefix;
    this.#present = present;
  }

  /** Undefined where the dimension does not follow from what is present. */
  length(d: Dim): string | undefined {
    if (typeof d === 'number') return this.#constant(d);
    const e = d === '' ? undefined : (parseExpression(d) ?? { kind: 'name', name: d });
    return e && this.#written(e);
  }

  node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, number>>, output?: string): string {
    const name = output ?? `${this.#prefix}/cutline-${this.#count++}`;
    const entries = Object.entries(attributes).map(([key, value]) => [key, { type: 'int', value } as const] as const);
    this.nodes.push({ name, op, domain: '', inputs, outputs: [name], attributes: Object.fromEntries(entries) });
    return name;
  }

  #constant(value: number): string {
    const name = `${this.#prefix}/cutline-${this.#count++}`;
    this.constants.set(name, int64([value]));
    return name;
  }

  #written(e: Expression): string | undefined {
    if (e.kind === 'number') return this.#constant(e.value);
    if (e.kind === 'name') return this.#batch(e.name);
    const op = operators.get(e.op);
    const [a, b] = op ? e.args.map((x) => this.#written(x)) : [];
    return op && a !== undefined && b !== undefined ? this.node(op, [a, b], {}) : undefined;
  }

  /** From a dimension that is the batch, or `factor` times it and `offset`. */
  #batch(name: string): string | undefined {
    const sources = this.#present.flatMap((v) =>
      v.unknown ? [] : v.shape.flatMap((d, axis) => lineIn(name, d, v, axis)),
    );
    const source = sources.find((s) => s.factor === 1 && s.offset === 0) ?? sources[0];
    if (!source) return undefined;
    const shape = this.node('Shape', [source.value.name], {});
    let length = this.node('Gather', [shape, this.#constant(source.axis)], { axis: 0 });
    if (source.offset !== 0) length = this.node('Sub', [length, this.#constant(source.offset)], {});
    return source.factor === 1 ? length : this.node('Div', [length, this.#constant(source.factor)], {});
  }
}

const operators: ReadonlyMap<string, string> = new Map([
  ['+', 'Add'],
  ['-', 'Sub'],
  ['*', 'Mul'],
]);

interface Line {
  readonly value: ValueInfo;
  readonly axis: number;
  readonly factor: number;
  readonly offset: number;
}

/** The dimension as a straight line in one batch, where it is one. */
function lineIn(name: string, d: Dim, value: ValueInfo, axis: number): Line[] {
  if (typeof d === 'number' || d === '') return [];
  if (d === name) return [{ value, axis, factor: 1, offset: 0 }];
  const e = parseExpression(d);
  if (!e || namesIn(e).size !== 1 || !namesIn(e).has(name)) return [];
  const at = (n: number) => evaluate(e, new Map([[name, n]]))!;
  const [offset, factor] = [at(0), at(1) - at(0)];
  const isLine = Number.isInteger(offset) && Number.isInteger(factor) && factor > 0 && at(7) === offset + 7 * factor;
  return isLine ? [{ value, axis, factor, offset }] : [];
}
