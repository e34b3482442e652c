/** Einsum as matrix products: every label is shared and kept, contracted, or belongs to one side. */
import { attrString } from '../../../model/graph.ts';
import { sizeOf } from '../../../model/tensor.ts';
import { type Operator, type Operators, range, tensor } from '../call.ts';
import type { Tf, TfTensor } from '../library.ts';

interface Labelled {
  readonly labels: readonly string[];
  readonly tensor: TfTensor;
}

const einsum: Operator = (call) => {
  const { tf } = call;
  const given = attrString(call.node, 'equation', '').replaceAll(' ', '');
  const [left = '', right] = given.split('->');
  const terms = left.split(',').map((term, i) => label(term, tensor(call, i)));
  const all = terms.flatMap((t) => t.labels);
  // Without an arrow, the result has the ellipsis and the labels that occur once, in alphabetical order.
  const ellipsis = [...new Set(all.filter((l) => l.startsWith('.')))].sort();
  const once = all.filter((l) => !l.startsWith('.') && all.indexOf(l) === all.lastIndexOf(l)).sort();
  const wanted =
    right === undefined ? [...ellipsis, ...once] : right.split(/(\.\.\.)|/).flatMap((l) => named(l, ellipsis));
  const rest = terms.map((t) => diagonal(tf, t));
  const product = rest.slice(1).reduce<Labelled>((a, b, i) => {
    const later = new Set([...wanted, ...rest.slice(i + 2).flatMap((t) => t.labels)]);
    return multiply(tf, a, b, later);
  }, rest[0]!);
  const summed = sumOut(tf, product, new Set(wanted));
  return tf.transpose(
    summed.tensor,
    wanted.map((l) => summed.labels.indexOf(l)),
  );
};

const named = (label: string | undefined, ellipsis: readonly string[]): readonly string[] =>
  label === '...' ? ellipsis : label ? [label] : [];

/** Axes of an ellipsis are called .0, .1, … counted so that they line up at the end. */
function label(term: string, x: TfTensor): Labelled {
  const letters = term.replace('...', '').length;
  const extra = range(x.rank - letters).map((i) => `.${9 - (x.rank - letters) + i}`);
  return { labels: term.split(/(\.\.\.)|/).flatMap((l) => named(l, extra)), tensor: x };
}

/** Where a label occurs twice, the elements at which both positions are equal. */
function diagonal(tf: Tf, { labels, tensor: x }: Labelled): Labelled {
  const second = labels.findIndex((l, i) => labels.indexOf(l) !== i);
  if (second < 0) return { labels, tensor: x };
  const first = labels.indexOf(labels[second]!);
  const others = range(x.rank).filter((d) => d !== first && d !== second);
  const n = x.shape[first]!;
  const shape = others.map((d) => x.shape[d]!);
  const last = tf.reshape(tf.transpose(x, [...others, first, second]), [...shape, n * n]);
  const taken = tf.gather(last, tf.range(0, n * n, n + 1, 'int32'), others.length);
  return diagonal(tf, { labels: [...others.map((d) => labels[d]!), labels[first]!], tensor: taken });
}

function sumOut(tf: Tf, { labels, tensor: x }: Labelled, keep: ReadonlySet<string>): Labelled {
  const axes = labels.flatMap((l, d) => (keep.has(l) ? [] : [d]));
  if (axes.length === 0) return { labels, tensor: x };
  return { labels: labels.filter((l) => keep.has(l)), tensor: tf.sum(x, axes) };
}

/** @param keep labels that are needed afterwards */
function multiply(tf: Tf, one: Labelled, two: Labelled, keep: ReadonlySet<string>): Labelled {
  const a = sumOut(tf, one, new Set([...keep, ...two.labels]));
  const b = sumOut(tf, two, new Set([...keep, ...one.labels]));
  const shared = a.labels.filter((l) => b.labels.includes(l));
  const batch = shared.filter((l) => keep.has(l));
  const contracted = shared.filter((l) => !keep.has(l));
  const own = (t: Labelled) => t.labels.filter((l) => !shared.includes(l));
  const extents = (t: Labelled, list: readonly string[]) => list.map((l) => t.tensor.shape[t.labels.indexOf(l)]!);
  const matrix = (t: Labelled, order: readonly (readonly string[])[]) =>
    tf.reshape(
      tf.transpose(
        t.tensor,
        order.flat().map((l) => t.labels.indexOf(l)),
      ),
      order.map((list) => sizeOf(extents(t, list))),
    );
  const product = tf.matMul(matrix(a, [batch, own(a), contracted]), matrix(b, [batch, contracted, own(b)]));
  const shape = [...extents(a, batch), ...extents(a, own(a)), ...extents(b, own(b))];
  return { labels: [...batch, ...own(a), ...own(b)], tensor: tf.reshape(product, shape) };
}

export const einsums: Operators = { Einsum: einsum };
