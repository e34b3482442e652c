/** Putting values by index, over what is there or together with it. Indices are unique unless the operator reduces. */
import { attrString } from '../../model/graph.ts';
import type { Term } from '../expressions.ts';
import { type Gradients, type Rule, type RuleContext, rule } from '../rule.ts';
import { axisOf } from './gather.ts';

/** How an operator reads and writes at the places of its indices. */
interface Places {
  take(c: RuleContext, from: Term): Term;
  put(c: RuleContext, into: Term, values: Term, reduction: 'none' | 'add' | 'mul'): Term;
}

const elements: Places = {
  take: (c, from) => c.g.graph.op('GatherElements', [from, c.x[1]!], { axis: axisOf(c, 0) }),
  put: (c, into, values, reduction) =>
    c.g.graph.op('ScatterElements', [into, c.x[1]!, values], { axis: axisOf(c, 0), reduction }),
};

const slices: Places = {
  take: (c, from) => c.g.graph.op('GatherND', [from, c.x[1]!]),
  put: (c, into, values, reduction) => c.g.graph.op('ScatterND', [into, c.x[1]!, values], { reduction }),
};

/** What was overwritten has no gradient; what was written has the gradient of its place. */
const replaced = (c: RuleContext, { take, put }: Places): Gradients => [
  () => put(c, c.dy, c.g.zeros(c.shape(c.x[2]!)), 'none'),
  undefined,
  () => take(c, c.dy),
];

/** The largest or smallest of what meets at a place; equal ones share the cotangent equally. */
function extremum(c: RuleContext, { take, put }: Places): Gradients {
  const { g, x, y, dy } = c;
  const stays = () => g.indicator(g.equal(x[0]!, y[0]!));
  const wins = () => g.indicator(g.equal(x[2]!, take(c, y[0]!)));
  const share = () => g.div(dy, put(c, stays(), wins(), 'add'));
  return [() => g.mul(stays(), share()), undefined, () => g.mul(wins(), take(c, share()))];
}

/**
 * The product of what meets at a place. Each factor gets the product of the others, without dividing by zero: factors that are
 * zero are counted, and left out of the product.
 */
function product(c: RuleContext, { take, put }: Places): Gradients {
  const { g, x, dy } = c;
  const isZero = (term: Term) => g.equal(term, g.value(0));
  const orOne = (term: Term) => g.where(isZero(term), g.value(1), term);
  const count = () => put(c, g.indicator(isZero(x[0]!)), g.indicator(isZero(x[2]!)), 'add');
  const nonzero = () => put(c, orOne(x[0]!), orOne(x[2]!), 'mul');
  /** Of all others: `zeros` of them are zero. */
  const others = (factor: Term, zerosHere: Term, all: Term) => {
    const zerosElsewhere = g.sub(zerosHere, g.indicator(isZero(factor)));
    return g.where(g.less(zerosElsewhere, 0.5), g.div(all, orOne(factor)), 0);
  };
  return [
    () => g.mul(dy, others(x[0]!, count(), nonzero())),
    undefined,
    () => g.mul(take(c, dy), others(x[2]!, take(c, count()), take(c, nonzero()))),
  ];
}

const scatter = (op: string, places: Places): Rule =>
  rule(op, (c): Gradients => {
    switch (attrString(c.node, 'reduction', 'none')) {
      case 'none':
        return replaced(c, places);
      case 'add':
        return [() => c.dy, undefined, () => places.take(c, c.dy)];
      case 'mul':
        return product(c, places);
      case 'max':
      case 'min':
        return extremum(c, places);
      default:
        return [];
    }
  });

export const scatterRules: readonly Rule[] = [scatter('ScatterElements', elements), scatter('ScatterND', slices)];
