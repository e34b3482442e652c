/**
 * Einstein summation. The gradient of an operand is a summation again, with the cotangent in its place:
 * y = Σ a b with labels A, B → Y gives da = Σ dy b with labels Y, B → A.
 */
import { attrString, type Node } from '../../model/graph.ts';
import { zerosFor } from '../../model/memory.ts';
import { float32 } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Gradients, type Rule, type RuleContext, rule } from '../rule.ts';
import { finite } from './settled.ts';

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

interface Labelled {
  readonly labels: string;
  readonly term: Term;
  readonly shape: readonly number[];
}

const labelled = (c: RuleContext, labels: string, i: number): Labelled => ({
  labels,
  term: c.x[i]!,
  shape: c.shape(c.x[i]!),
});

/** The largest extent of a label: where it is 1 elsewhere, that broadcasts. 1 where nothing has it. */
function extentOf(label: string, terms: readonly Labelled[]): number {
  return Math.max(1, ...terms.map(({ labels, shape }) => shape[labels.indexOf(label)] ?? 1));
}

function operandGradient(c: RuleContext, { operands, result }: Equation, k: number): Term {
  const { g } = c;
  const shape = c.shape(c.x[k]!);
  const labels = [...operands[k]!];
  const others = operands.flatMap((o, i) => (i === k ? [] : [labelled(c, o, i)]));
  const terms: Labelled[] = [{ labels: result, term: c.dy, shape: c.shape(c.y[0]!) }, ...others];
  // A label that occurs twice takes a diagonal: its second place gets a label of its own, tied to the first by the identity.
  const free = letters.filter((l) => !operands.join('').includes(l));
  labels.forEach((l, axis) => {
    if (labels.indexOf(l) === axis) return;
    const tied = free.shift()!;
    const n = shape[axis]!;
    terms.push({ labels: l + tied, term: g.tensor(identity(c.node, n)), shape: [n, n] });
    labels[axis] = tied;
  });
  // An axis of extent 1 that was broadcast collects the sum over its label.
  const present = labels.filter((l, axis) => shape[axis] !== 1 && terms.some((t) => t.labels.includes(l)));
  const equation = `${terms.map((t) => t.labels).join(',')}->${present.join('')}`;
  const d = g.graph.op(
    'Einsum',
    terms.map((t) => (t.term === c.dy ? t.term : finite(c, t.term))),
    { equation },
  );
  // Labels that only this operand had were summed away: every place gets the same.
  const kept = shape.map((_, axis) => (present.includes(labels[axis]!) ? extentOf(labels[axis]!, terms) : 1));
  const whole = present.length === labels.length ? d : g.reshape(d, kept);
  return kept.every((n, axis) => n === shape[axis]) ? whole : g.expand(whole, shape);
}

function identity(node: Node, n: number) {
  const data = zerosFor(node, n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return float32(data, [n, n]);
}

export const einsumRules: readonly Rule[] = [
  rule('Einsum', (c): Gradients => {
    const equation = parse(c);
    // Where a label broadcasts, onnxruntime infers another shape than it makes, which a gradient graph cannot say.
    const operands = equation.operands.map((labels, i) => labelled(c, labels, i));
    const made = [...equation.result].map((l) => extentOf(l, operands));
    if (`${made}` !== `${c.shape(c.y[0]!)}`) return [];
    return c.x.map((_, k) => () => operandGradient(c, equation, k));
  }),
];
