/** Products that leave one factor out, without dividing by it: right where factors are zero, or where a product underflows. */
import { sizeOf } from '../../model/tensor.ts';
import type { Expressions, Term } from '../expressions.ts';

/**
 * For each element the product of all others that are reduced with it.
 * @param axes those reduced, not negative
 * @returns of shape `shape`
 */
export function productOfOthers(g: Expressions, x: Term, shape: readonly number[], axes: readonly number[]): Term {
  const others = shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...others, ...axes];
  const count = sizeOf(axes.map((a) => shape[a]!));
  const rows = sizeOf(others.map((a) => shape[a]!));
  const list = g.reshape(g.transpose(x, order), [rows, count]);
  const product = g.mul(before(g, list, rows, count, 1), before(g, list, rows, count, -1));
  const back = g.reshape(
    product,
    order.map((a) => shape[a]!),
  );
  return g.transpose(
    back,
    order.map((_, i) => order.indexOf(i)),
  );
}

/**
 * The product of what stands before each element of a row, or behind it, in log₂ n steps: after each, twice as many factors
 * are in (Hillis and Steele 1986).
 */
function before(g: Expressions, list: Term, rows: number, count: number, direction: 1 | -1): Term {
  const shifted = (term: Term, by: number): Term => {
    const ones = g.expand(g.value(1), [rows, by]);
    if (by >= count) return g.expand(g.value(1), [rows, count]);
    return direction === 1
      ? g.concat([ones, g.slice(term, [0], [count - by], [1])], 1)
      : g.concat([g.slice(term, [by], [count], [1]), ones], 1);
  };
  let product = shifted(list, 1);
  for (let by = 1; by < count; by *= 2) product = g.mul(product, shifted(product, by));
  return product;
}
