/** The objective of rMLE as a graph: distance of the features to what was observed, plus a prior on the picture. */
import {
  type AdamStep,
  adamStep,
  backward,
  Expressions,
  type Forward,
  l2,
  meanAbsoluteError,
  meanSquaredError,
  perPicture,
  prune,
  raiseOpset,
  requireSlope,
  type Term,
  totalVariation,
  writeForward,
} from '../../autodiff/index.ts';
import { type Graph, sizeOf } from '../../model/index.ts';

export interface ObjectiveOptions {
  /** Gaussian noise, or none, asks for squared differences; Laplace noise for absolute ones, smoothed below `scale`/10. */
  readonly law: { readonly kind: 'gaussian' } | { readonly kind: 'laplace'; readonly scale: number };
  /** Rows and columns of the picture among the axes of the input. */
  readonly spatialAxes: readonly [number, number];
}

/** Names of the inputs: observed features are `observed:<tensor>`. */
export const names = {
  lambdaTv: 'lambda:tv',
  lambdaL2: 'lambda:l2',
  observed: (tensor: string): string => `observed:${tensor}`,
  value: 'objective:value',
  gradient: 'objective:gradient',
} as const;

interface Objective {
  readonly forward: Forward;
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  /** Shape [n]. */
  readonly value: Term;
  readonly gradient: Term;
}

/** @param head one float32 picture input of static shape [n, …]; all shapes known */
function writeObjective(head: Graph, options: ObjectiveOptions): Objective {
  const graph = raiseOpset(head);
  const input = { name: graph.inputs[0]!.name, shape: graph.inputs[0]!.shape as readonly number[] };
  requireSlope(graph, input.name);
  const forward = writeForward(graph, [input.name]);
  const { g, shape } = forward;
  const n = input.shape[0]!;
  const features = graph.outputs.reduce((sum, v) => sum + sizeOf(shape(v.name)), 0) / n;
  const values: Term[] = [];
  const seeds = new Map<Term, Term>();
  for (const { name } of graph.outputs) {
    const observed = g.graph.input(names.observed(name), 'float32', shape(name));
    const loss =
      options.law.kind === 'gaussian'
        ? meanSquaredError(g, name, observed, shape(name), features)
        : meanAbsoluteError(g, name, observed, shape(name), options.law.scale / 10, features);
    values.push(loss.value);
    seeds.set(name, loss.cotangent);
  }
  const data = backward(forward, seeds, [input.name]).get(input.name)!;
  const prior = (name: string, loss: { value: Term; cotangent: Term }): Term => {
    const lambda = g.graph.input(name, 'float32', [n]);
    values.push(g.mul(lambda, loss.value));
    return g.mul(loss.cotangent, perPicture(g, lambda, input.shape));
  };
  const tv = prior(names.lambdaTv, totalVariation(g, input.name, input.shape, options.spatialAxes));
  const ridge = prior(names.lambdaL2, l2(g, input.name, input.shape));
  const gradient = g.add(g.add(data, tv), ridge);
  return { forward, input, value: g.graph.op('Sum', values), gradient };
}

/** Value [n] and gradient at a point: inputs are the picture, `observed:*` and the two λ [n]. */
export function evaluationGraph(head: Graph, options: ObjectiveOptions): Graph {
  const { forward, input, value, gradient } = writeObjective(head, options);
  const b = forward.g.graph;
  b.op('Identity', [value], {}, names.value);
  b.op('Identity', [gradient], {}, names.gradient);
  b.output(names.value, 'float32', [input.shape[0]!]);
  b.output(names.gradient, 'float32', input.shape);
  return prune(b.build(`${head.name}:objective`));
}

/** One step of Adam on the same objective, to be looped. */
export function adamGraph(head: Graph, options: ObjectiveOptions): { readonly graph: Graph; readonly step: AdamStep } {
  const { forward, input, value, gradient } = writeObjective(head, options);
  const b = forward.g.graph;
  const step = adamStep(new Expressions(b), [{ ...input, gradient }]);
  b.op('Identity', [value], {}, names.value);
  b.output(names.value, 'float32', [input.shape[0]!]);
  return { graph: prune(b.build(`${head.name}:adam`)), step };
}
