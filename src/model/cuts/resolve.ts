/** Finds the cut a user means. */
import { CutlineError } from '../../errors.ts';
import type { Graph } from '../graph.ts';
import type { Cut } from './find.ts';

const shown = 5;

/**
 * By id, or by the tensors' names (or their nodes', when the graph is given) joined by `+`, in any order.
 * @throws CutlineError CUT_NOT_FOUND, naming those of similar name
 */
export function resolveCut(cuts: readonly Cut[], id: string, graph?: Graph): Cut {
  const exact = cuts.find((c) => c.id === id);
  if (exact) return exact;
  const tensorOf = new Map<string, string>();
  for (const n of graph?.nodes ?? []) if (n.name && n.outputs[0]) tensorOf.set(n.name, n.outputs[0]);
  const key = (names: readonly string[]) => [...names].sort().join('\n');
  const byTensors = new Map(cuts.map((c) => [key(c.tensors.map((t) => t.name)), c]));
  const parts = id.split('+');
  const found = byTensors.get(key(parts)) ?? byTensors.get(key(parts.map((p) => tensorOf.get(p) ?? p)));
  if (found) return found;
  const near = cuts
    .map((c) => ({ id: c.id, distance: editDistance(c.id.toLowerCase(), id.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, shown)
    .map((c) => c.id);
  throw new CutlineError('CUT_NOT_FOUND', { cut: id, near: near.join(', ') });
}

/** Levenshtein distance; long names are compared by their first 200 characters. */
function editDistance(a: string, b: string): number {
  const [s, t] = [a.slice(0, 200), b.slice(0, 200)];
  let row = Array.from({ length: t.length + 1 }, (_, j) => j);
  for (let i = 1; i <= s.length; i++) {
    const next = [i];
    for (let j = 1; j <= t.length; j++) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (s[i - 1] === t[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[t.length]!;
}
