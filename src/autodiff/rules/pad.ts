/**
 * Padding. With a constant the cotangent of the inner part remains; negative widths crop, and their cotangent is padded
 * back. The other modes repeat values, which is linear along each axis: repeated values collect their cotangents.
 */
import { attrString } from '../../model/graph.ts';
import { zerosFor } from '../../model/memory.ts';
import { asNumbers, float32 } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import { type AxisMap, transposedMaps } from './along-axes.ts';

interface Widths {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** One width an axis, from the constant inputs `pads` and `axes`; undefined where they are not constant. */
function widthsOf(c: RuleContext): Widths | undefined {
  const rank = c.shape(c.x[0]!).length;
  const pads = c.constant(c.x[1]!);
  const given = c.x[3] ? c.constant(c.x[3]) : undefined;
  if (!pads || (c.x[3] && !given)) return undefined;
  const list = asNumbers(pads);
  const axes = given ? asNumbers(given).map((a) => (a < 0 ? a + rank : a)) : undefined;
  const width = (axis: number, offset: number): number => {
    const i = axes ? axes.indexOf(axis) : axis;
    return i < 0 ? 0 : list[i + offset]!;
  };
  const all = Array.from({ length: rank }, (_, i) => i);
  return { before: all.map((a) => width(a, 0)), after: all.map((a) => width(a, list.length / 2)) };
}

function inner(c: RuleContext, { before, after }: Widths): Term {
  const out = c.shape(c.y[0]!);
  const kept = c.g.slice(
    c.dy,
    before.map((b) => Math.max(b, 0)),
    out.map((n, i) => n - Math.max(after[i]!, 0)),
    out.map((_, i) => i),
  );
  return c.g.pad(
    kept,
    before.map((b) => Math.max(-b, 0)),
    after.map((a) => Math.max(-a, 0)),
  );
}

/** Which of n values a position outside repeats; what negative widths cut off is not among them. */
function source(mode: string, position: number, n: number): number {
  if (mode === 'edge') return Math.min(Math.max(position, 0), n - 1);
  if (mode === 'wrap') return ((position % n) + n) % n;
  const period = Math.max(2 * (n - 1), 1);
  const p = ((position % period) + period) % period;
  return Math.min(p, period - p);
}

function maps(c: RuleContext, mode: string, { before, after }: Widths): AxisMap[] {
  const [from, to] = [c.shape(c.x[0]!), c.shape(c.y[0]!)];
  return from.flatMap((n, axis) => {
    if (before[axis] === 0 && after[axis] === 0) return [];
    const cut = Math.max(-before[axis]!, 0);
    const kept = n - cut - Math.max(-after[axis]!, 0);
    const matrix = zerosFor(c.node, to[axis]! * n);
    for (let i = 0; i < to[axis]!; i++) {
      matrix[i * n + cut + source(mode, i - Math.max(before[axis]!, 0), kept)]! += 1;
    }
    return [{ axis, matrix: c.g.tensor(float32(matrix, [to[axis]!, n])) }];
  });
}

export const padRules: readonly Rule[] = [
  rule('Pad', (c) => {
    const widths = widthsOf(c);
    if (!widths) return [];
    const mode = attrString(c.node, 'mode', 'constant');
    if (mode === 'constant') return [() => inner(c, widths)];
    return [() => transposedMaps(c.g, c.dy, maps(c, mode, widths), c.shape(c.x[0]!).length)];
  }),
];
