/** Cuts of several tensors inside a piece between two single-tensor cuts. */
import type { Flow } from './flow.ts';
import { type Piece, Separators } from './separators.ts';

export interface Frontier {
  /** In order of production. */
  readonly ids: readonly number[];
  /** Nodes of the piece that are before the cut. */
  readonly head: readonly number[];
}

/** Steps spent on one piece; looking for larger sets stops before it would take more. Under half a second. */
const maxSteps = 3e7;
/** Long parallel branches have frontiers by the square of their length; none of the later ones is worth more. */
const maxFrontiers = 5000;

/**
 * All minimal frontiers of 2 to `maxTensors` tensors. Minimal: no part of one is a cut by itself. (One that contains a
 * smaller cut sends all that sends, and more, after more work.) In pieces too large for that, smaller sets only.
 */
export function frontiersOf(flow: Flow, piece: Piece, maxTensors: number): Frontier[] {
  const size = piece.last - piece.first;
  if (size < 2 && piece.start.length < 2) return [];
  const separators = new Separators(flow, piece);
  const found: Frontier[] = [];
  const known = new Set<number>([...(separators.singles([]) ?? [])]);
  const tensors = separators.ids.length;
  let max = 1;
  while (max < maxTensors && tensors ** max * size <= maxSteps) max++;
  if (max < 2) return [];

  const extend = (removed: readonly number[], candidates: readonly number[]) => {
    for (const id of candidates) {
      if (found.length >= maxFrontiers) return;
      const set = [...removed, id];
      const singles = separators.singles(set);
      // Nothing left: `set` cuts by itself and was found one step earlier.
      if (!singles) continue;
      const rest = set.length + 1 < max ? separators.active().filter((t) => t > id && !singles.includes(t)) : [];
      for (const last of singles) {
        if (last <= id || known.has(last)) continue;
        const frontier = frontierOf(flow, piece, separators, [...set, last]);
        if (frontier) found.push(frontier);
      }
      if (rest.length > 0) extend(set, rest);
    }
  };
  extend(
    [],
    separators.ids.filter((id) => !known.has(id)),
  );
  return found;
}

function frontierOf(flow: Flow, piece: Piece, separators: Separators, ids: readonly number[]): Frontier | undefined {
  for (const id of ids) if (separators.separates(ids.filter((other) => other !== id))) return undefined;
  const { first, last } = piece;
  const inHead = new Uint8Array(last - first);
  const needed = new Set(ids);
  for (let n = last - 1; n >= first; n--) {
    if (!flow.writes[n]!.some((id) => needed.has(id))) continue;
    inHead[n - first] = 1;
    for (const id of flow.reads[n]!) needed.add(id);
  }
  // What the head makes and the rest reads must be exactly the set: else something would be computed twice.
  const cut = new Set(ids);
  const leaves = (id: number) => piece.end.includes(id);
  const made = new Set(piece.start);
  for (let n = first; n < last; n++) if (inHead[n - first]) for (const id of flow.writes[n]!) made.add(id);
  for (const id of made) if (leaves(id) && !cut.has(id)) return undefined;
  const crossing = new Set([...made].filter(leaves));
  for (let n = first; n < last; n++) {
    if (inHead[n - first]) continue;
    for (const id of flow.reads[n]!) {
      if (!made.has(id)) continue;
      if (!cut.has(id)) return undefined;
      crossing.add(id);
    }
  }
  if (crossing.size !== cut.size) return undefined;
  const head: number[] = [];
  inHead.forEach((yes, i) => {
    if (yes) head.push(first + i);
  });
  return { ids: [...ids].sort((a, b) => a - b), head };
}
