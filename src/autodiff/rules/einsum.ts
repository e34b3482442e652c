/**
 * Einstein summation. The gradient of an operand is a summation again, with the cotangent in its place:
 * y = Σ a b with labels A, B → Y gives da = Σ dy b with labels Y, B → A.
 */
import { attrString } from '../../model/graph.ts';
import { float32 } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Gradients, type Rule, type RuleContext, rule } from '../rule.ts';

interface Equation {
  readonly operands: readonly string[];
  readonly result: string;
}

const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** Labels with the ellipsis written out; without an arrow the result has the labels that occur once, in order. */
function parse(c: RuleContext): Equation {
  const text = attrString(c.node, 'equation', '').replaceAll(/\s/g, '');
  const [left = '', right] = text.split('->');
  const free = letters.filter((l) => !text.includes(l));
  const terms = left.split(',');
  const batch = terms.map((t, i) => (t.includes('...') ? c.shape(c.x[i]!).length - t.length + 3 : 0));
  const longest = Math.max(...batch);
  const dots = free.slice(0, longest).join('');
  const written = (t: string, n: number) => t.replace('...', dots.slice(longest - n));
  const operands = terms.map((t, i) => written(t, batch[i]!));
  const once = [...new Set(left.replaceAll(/[.,]/g, ''))].filter((l) => left.split(l).length === 2).sort();
  return { operands, result: right === undefined ? dots + once.join('') : written(right, longest) };
}

/** An axis of extent 1 under the ellipsis broadcasts, which labels do not say. */
function broadcasts(c: RuleContext, { operands }: Equation): boolean {
  const extents = new Map<string, number>();
  return operands.some((labels, i) =>
    [...labels].some((l, axis) => {
      const n = c.shape(c.x[i]!)[axis]!;
      const known = extents.get(l) ?? n;
      extents.set(l, n);
      return known !== n;
    }),
  );
}

function operandGradient(c: RuleContext, { operands, result }: Equation, k: number): Term {
  const { g } = c;
  const shape = c.shape(c.x[k]!);
  const labels = [...operands[k]!];
  const others = operands.flatMap((o, i) => (i === k ? [] : [{ labels: o, term: c.x[i]! }]));
  const terms = [{ labels: result, term: c.dy }, ...others];
  // A label that occurs twice takes a diagonal: its second place gets a label of its own, tied to the first by the identity.
  const free = letters.filter((l) => !operands.join('').includes(l));
  labels.forEach((l, axis) => {
    if (labels.indexOf(l) === axis) return;
    const tied = free.shift()!;
    terms.push({ labels: l + tied, term: g.tensor(identity(shape[axis]!)) });
    labels[axis] = tied;
  });
  const present = labels.filter((l) => terms.some((t) => t.labels.includes(l)));
  const equation = `${terms.map((t) => t.labels).join(',')}->${present.join('')}`;
  const d = g.graph.op(
    'Einsum',
    terms.map((t) => t.term),
    { equation },
  );
  if (present.length === labels.length) return d;
  // Labels that only this operand had were summed away: every place gets the same.
  const kept = shape.map((n, axis) => (present.includes(labels[axis]!) ? n : 1));
  return g.expand(g.reshape(d, kept), shape);
}

function identity(n: number) {
  const data = new Float32Array(n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return float32(data, [n, n]);
}

export const einsumRules: readonly Rule[] = [
  rule('Einsum', (c): Gradients => {
    const equation = parse(c);
    if (broadcasts(c, equation)) return [];
    return c.x.map((_, k) => () => operandGradient(c, equation, k));
  }),
];
