/** The head behind a generator: for a solver it is a head whose pictures are codes. */
import { raiseOpset } from '../../../autodiff/index.ts';
import { compose, foldConstants, type Graph } from '../../../model/index.ts';
import type { View } from '../../mechanisms/index.ts';
import type { WhiteBoxContext } from '../attack.ts';
import type { ObjectiveOptions } from '../objective.ts';
import type { Generator } from './generator.ts';
import { atOpset } from './opset.ts';
import { prefixed } from './prefixed.ts';

/** Codes [n, …] in, the tensors of the cut, by their names, out. */
export async function headBehind(
  generator: Generator,
  { engine, head }: Pick<WhiteBoxContext, 'engine' | 'head'>,
  n: number,
): Promise<Graph> {
  const maker = raiseOpset(await foldConstants(await generator.graph(n), engine));
  const seer = raiseOpset(await head(n));
  const opset = Math.max(maker.opsets.get('')!, seer.opsets.get('')!);
  // The head's own names must stay, since what was observed goes by them.
  const joint = seer.inputs[0]!.name;
  return compose(prefixed(atOpset(maker, opset), 'generator/', joint), atOpset(seer, opset));
}

/**
 * The solvers' objective for codes: the distance that the mechanism's noise makes likely, and their squared norm. Codes have
 * no neighbours: the total variation, whose weight is zero here, is taken along an axis where it is defined.
 */
export function codeObjective(
  codeShape: readonly number[],
  { likelihood }: Pick<View, 'likelihood'>,
): ObjectiveOptions {
  const shortest = Math.min(...codeShape.filter((d) => d > 1));
  const axis = 1 + codeShape.indexOf(shortest);
  return { likelihood, spatialAxes: [axis, axis] };
}
