/** What the dimensions of a graph's inputs mean: names, and arithmetic over them. */
import type { Graph } from '../graph.ts';
import { type Expression, namesIn, parseExpression } from './expression.ts';

export interface Symbols {
  /** Names that may be given numbers. */
  readonly names: ReadonlySet<string>;
  /** What a dimension stands for. */
  meaning(dim: string): Expression;
}

/**
 * A text is arithmetic if all its names are dimensions of inputs by themselves, or it is a multiple of one name. Any other
 * is a name as a whole: `image-batch` is no difference, and `5` in the place of a name no number.
 */
export function symbolsOf(graph: Pick<Graph, 'inputs'>): Symbols {
  const texts = graph.inputs.flatMap((v) =>
    v.unknown ? [] : v.shape.filter((d): d is string => typeof d === 'string'),
  );
  const parsed = new Map(texts.filter((d) => d !== '').map((d) => [d, parseExpression(d)]));
  const names = new Set<string>();
  for (const [text, e] of parsed) if (!e || e.kind === 'name') names.add(text);
  for (const e of parsed.values()) {
    const multiplied = e && multipleOf(e);
    if (multiplied) names.add(multiplied.name);
  }
  const isArithmetic = (e: Expression | undefined): e is Expression => {
    const used = e ? [...namesIn(e)] : [];
    return used.length > 0 && used.every((n) => names.has(n));
  };
  for (const [text, e] of parsed) if (!isArithmetic(e)) names.add(text);
  return {
    names,
    meaning: (dim) => {
      const e = names.has(dim) ? undefined : (parsed.get(dim) ?? parseExpression(dim));
      return isArithmetic(e) ? e : { kind: 'name', name: dim };
    },
  };
}

/** `batch`, `2*batch` and `batch*2`: a name, and how often it is taken. */
export function multipleOf(e: Expression): { readonly name: string; readonly factor: number } | undefined {
  if (e.kind === 'name') return { name: e.name, factor: 1 };
  if (e.kind !== 'call' || e.op !== '*') return undefined;
  const name = e.args.find((a) => a.kind === 'name');
  const factor = e.args.find((a) => a.kind === 'number');
  return name?.kind === 'name' && factor?.kind === 'number' && factor.value > 0
    ? { name: name.name, factor: factor.value }
    : undefined;
}
