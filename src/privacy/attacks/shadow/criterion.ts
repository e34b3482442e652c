/** What a shadow is trained to make small: the tail's doubt about the labels, and how far its activations are from those seen. */
import { crossEntropy, Expressions, type Term } from '../../../autodiff/index.ts';
import type { Preprocessing } from '../../../data/index.ts';
import { type Graph, GraphBuilder } from '../../../model/index.ts';
import type { ClassAnswer } from './answer.ts';
import { type Moments, misalignment } from './moments.ts';

/** One-hot labels [n, classes]. */
export const labelInput = 'shadow:labels';

/**
 * @param network shadow and tail, its only output the scores; batch n
 * @param moments of what was observed, by tensor; empty for none
 * @returns the same with its loss [n] as only output, and labels as an input
 */
export function withCriterion(
  network: Graph,
  { classes, kind }: ClassAnswer,
  moments: ReadonlyMap<string, Moments>,
  weight: number,
  picture: Preprocessing,
): Graph {
  const n = network.inputs[0]!.shape[0] as number;
  const b = GraphBuilder.from(network);
  const g = new Expressions(b);
  const labels = b.input(labelInput, 'float32', [n, classes]);
  const scores = g.reshape(network.outputs[0]!.name, [n, classes]);
  let loss = kind === 'softmax' ? crossEntropy(g, scores, labels).value : binary(g, scores, labels);
  for (const [tensor, seen] of moments)
    loss = g.add(loss, g.mul(misalignment(g, tensor, seen, n, labels, picture), weight));
  b.op('Identity', [loss], {}, 'shadow:loss');
  b.output('shadow:loss', 'float32', [n]);
  return b.build(`${network.name}:shadow`);
}

/** Each class a question of its own: Σ log(1 + eˢ) − y·s. */
function binary(g: Expressions, scores: Term, labels: Term): Term {
  return g.sum(g.sub(g.graph.op('Softplus', [scores]), g.mul(labels, scores)), [1]);
}
