/** Which inputs lie behind a tensor, and so behind a cut. */
import type { Dim, Graph, ValueInfo } from '../graph.ts';
import { reads } from '../reads.ts';

/** The names of inputs that a tensor is computed from, in the order of the graph; their shapes count too. */
export type Behind = (tensor: string) => readonly string[];

export function inputsBehind(graph: Graph): Behind {
  const bits = new Map(graph.inputs.map((v, i) => [v.name, 1n << BigInt(i)]));
  for (const node of graph.nodes) {
    let all = 0n;
    for (const name of reads(node)) all |= bits.get(name) ?? 0n;
    for (const o of node.outputs) if (o) bits.set(o, all);
  }
  return (tensor) => {
    const all = bits.get(tensor) ?? 0n;
    return graph.inputs.flatMap((v, i) => ((all >> BigInt(i)) & 1n ? [v.name] : []));
  };
}

/** How a cut of a model with several inputs stands to them. */
export interface CutInputs {
  /** Inputs that the head computes from. */
  readonly needs: readonly string[];
  /** Inputs that are sent as they are. */
  readonly whole: readonly string[];
  /**
   * Inputs to fix so that what the cut tells of the picture hangs on the picture alone, as an audit needs it; none: it does
   * already. Null where it is not known which input is the picture, or where the cut tells nothing of it.
   */
  readonly fix: readonly string[] | null;
}

export function cutInputs(
  tensors: readonly { readonly name: string }[],
  inputs: readonly { readonly name: string }[],
  behind: Behind,
  picture: string | undefined,
): CutInputs {
  const names = inputs.map((v) => v.name);
  const listed = (wanted: Iterable<string>) => {
    const set = new Set(wanted);
    return names.filter((name) => set.has(name));
  };
  const whole = listed(tensors.map((t) => t.name));
  const needs = listed(tensors.filter((t) => !whole.includes(t.name)).flatMap((t) => behind(t.name)));
  const telling = picture === undefined ? [] : tensors.map((t) => behind(t.name)).filter((b) => b.includes(picture));
  const fix = telling.length === 0 ? null : listed(telling.flat()).filter((name) => name !== picture);
  return { needs, whole, fix };
}

/**
 * The input that takes the picture: the only one of float32 with four dimensions of which the second or the last is 1 or 3.
 * Undefined where there is none, or where several could be it.
 */
export function pictureInput(graph: Graph): string | undefined {
  const possible = graph.inputs.filter(isPicture);
  return possible.length === 1 ? possible[0]!.name : undefined;
}

function isPicture({ dtype, shape, unknown }: ValueInfo): boolean {
  const colours = (d: Dim | undefined) => d === 1 || d === 3;
  return !unknown && dtype === 'float32' && shape.length === 4 && (colours(shape[1]) || colours(shape[3]));
}
