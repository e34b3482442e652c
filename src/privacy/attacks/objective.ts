/** The objective of rMLE as a graph: distance of the features to what was observed, plus a prior on the picture. */
import {
  type AdamStep,
  adamStep,
  backward,
  droppedError,
  Expressions,
  errorBeyond,
  type Forward,
  isotropicVariation,
  type Loss,
  l2,
  meanAbsoluteError,
  meanSquaredError,
  mixedError,
  perPicture,
  prune,
  raiseOpset,
  requireSlope,
  squaredErrorBut,
  type Term,
  totalVariation,
  writeForward,
} from '../../autodiff/index.ts';
import { type Graph, sizeOf } from '../../model/index.ts';
import type { Likelihood } from '../mechanisms/index.ts';
import { identity, prepared } from './prepared.ts';
import { inBasis, type Structure } from './prior/index.ts';

export interface ObjectiveOptions {
  /** What the mechanism's randomness makes likely; absolute differences are smoothed below `scale`/10. */
  readonly likelihood: Likelihood;
  /** What was seen is mostly noise: its own square, a constant, is left out of the value, which may then be negative. */
  readonly mostlyNoise?: boolean;
  /** The head leaves a stage of the mechanism out that rounds: it is not all there is between picture and features. */
  readonly relaxed?: boolean;
  /** Rows and columns of the picture among the axes of the input. */
  readonly spatialAxes: readonly [number, number];
  /** Squared differences, as in the public code, or the length of the gradient, as in the paper. Default squared. */
  readonly variation?: 'squared' | 'isotropic';
  /** Writes the picture in a basis, whose prior takes the place of the variation; `evaluationGraph` only. */
  readonly structure?: Structure;
}

/** In network units, where neighbours in a photograph differ by 0.1 to 1: below it, differences are smoothed as squares. */
const smallDifference = 0.03;

/** Names of the inputs: observed features are `observed:<tensor>`. */
export const names = {
  lambdaTv: 'lambda:tv',
  lambdaL2: 'lambda:l2',
  observed: (tensor: string): string => `observed:${tensor}`,
  lambdaPrior: 'lambda:prior',
  value: 'objective:value',
  picture: 'objective:picture',
  gradient: 'objective:gradient',
} as const;

function distance(
  g: Expressions,
  made: Term,
  seen: Term,
  shape: readonly number[],
  features: number,
  { likelihood, mostlyNoise }: ObjectiveOptions,
): Loss {
  switch (likelihood.kind) {
    case 'squares':
      return mostlyNoise
        ? squaredErrorBut(g, made, seen, shape, features)
        : meanSquaredError(g, made, seen, shape, features);
    case 'absolute':
      return meanAbsoluteError(g, made, seen, shape, likelihood.scale / 10, features);
    case 'dropped':
      return droppedError(g, made, seen, shape, likelihood.rate, features);
    case 'mixed':
      return mixedError(g, made, seen, shape, {
        rate: likelihood.rate,
        sigma: likelihood.standardDeviation,
        features,
      });
    case 'within':
      return errorBeyond(g, made, seen, shape, likelihood.slack(g.graph, { name: made, term: seen, shape }), features);
    default:
      return likelihood satisfies never;
  }
}

interface Objective {
  readonly forward: Forward;
  readonly picture: string;
  /** What is optimised: the picture, or its coordinates in a basis. */
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  /** Shape [n]. */
  readonly value: Term;
  readonly gradient: Term;
}

/** @param head one float32 picture input of static shape [n, …]; all shapes known */
function writeObjective(head: Graph, options: ObjectiveOptions): Objective {
  const raised = raiseOpset(head);
  const picture = {
    name: raised.inputs[0]!.name,
    shape: raised.inputs[0]!.shape as readonly number[],
  };
  requireSlope(raised, [picture.name]);
  const { structure, spatialAxes } = options;
  const layout = spatialAxes[0] === 2 ? 'NCHW' : 'NHWC';
  const graph = structure ? inBasis(raised, structure, layout) : raised;
  const input = {
    name: graph.inputs[0]!.name,
    shape: graph.inputs[0]!.shape as readonly number[],
  };
  const forward = writeForward(graph, [input.name]);
  const { g, shape } = forward;
  const n = input.shape[0]!;
  const features = graph.outputs.reduce((sum, v) => sum + sizeOf(shape(v.name)), 0) / n;
  const values: Term[] = [];
  const seeds = new Map<Term, Term[]>();
  const seed = (name: Term, cotangent: Term) => seeds.set(name, [...(seeds.get(name) ?? []), cotangent]);
  for (const { name } of graph.outputs) {
    const observed = g.graph.input(names.observed(name), 'float32', shape(name));
    const loss = distance(g, name, observed, shape(name), features, options);
    values.push(loss.value);
    seed(name, loss.cotangent);
  }
  const prior = (name: string, of: { readonly name: string; readonly shape: readonly number[] }, loss: Loss) => {
    const lambda = g.graph.input(name, 'float32', [n]);
    values.push(g.mul(lambda, loss.value));
    seed(of.name, g.mul(loss.cotangent, perPicture(g, lambda, of.shape)));
  };
  if (structure) prior(names.lambdaPrior, input, l2(g, input.name, input.shape));
  else {
    const variation =
      options.variation === 'isotropic'
        ? isotropicVariation(g, picture.name, picture.shape, spatialAxes, smallDifference)
        : totalVariation(g, picture.name, picture.shape, spatialAxes);
    prior(names.lambdaTv, picture, variation);
  }
  prior(names.lambdaL2, picture, l2(g, picture.name, picture.shape));
  // What is seeded at the input itself passes through no node.
  const sums = new Map(
    [...seeds].map(([name, parts]) => [name, parts.length > 1 ? g.graph.op('Sum', parts) : parts[0]!]),
  );
  const gradient = backward(forward, sums, [input.name]).get(input.name)!;
  return {
    forward,
    picture: picture.name,
    input,
    value: g.graph.op('Sum', values),
    gradient,
  };
}

/**
 * Value [n] and gradient at a point; inputs are the picture, `observed:*` and the two λ [n]; in a basis,
 * z and what describes the basis instead of the picture, and λ of its prior instead of that of the variation; an output
 * more is the picture.
 */
export function evaluationGraph(head: Graph, options: ObjectiveOptions): Graph {
  return prepared(head, `evaluation ${keyOf(options)}`, () => writeEvaluation(head, options));
}

function writeEvaluation(head: Graph, options: ObjectiveOptions): Graph {
  const { forward, picture, input, value, gradient } = writeObjective(head, options);
  const b = forward.g.graph;
  b.op('Identity', [value], {}, names.value);
  b.op('Identity', [gradient], {}, names.gradient);
  b.output(names.value, 'float32', [input.shape[0]!]);
  b.output(names.gradient, 'float32', input.shape);
  if (options.structure) {
    b.op('Identity', [picture], {}, names.picture);
    b.output(names.picture, 'float32', forward.shape(picture));
  }
  return prune(b.build(`${head.name}:objective`));
}

/** One step of Adam on the same objective, to be looped. */
export function adamGraph(head: Graph, options: ObjectiveOptions): AdamGraph {
  return prepared(head, `adam ${keyOf(options)}`, () => writeAdam(head, options));
}

interface AdamGraph {
  readonly graph: Graph;
  readonly step: AdamStep;
}

function writeAdam(head: Graph, options: ObjectiveOptions): AdamGraph {
  const { forward, input, value, gradient } = writeObjective(head, options);
  const b = forward.g.graph;
  const step = adamStep(new Expressions(b), [{ ...input, gradient }]);
  b.op('Identity', [value], {}, names.value);
  b.output(names.value, 'float32', [input.shape[0]!]);
  return { graph: prune(b.build(`${head.name}:adam`)), step };
}

/** All that decides an objective beside the head. */
function keyOf({ likelihood, mostlyNoise, spatialAxes, variation, structure }: ObjectiveOptions): string {
  // Squares are squares however wide the noise is.
  const distance = likelihood.kind === 'squares' ? [mostlyNoise ?? false] : likelihood;
  const factors = structure?.kind === 'covariance' ? identity(structure.factors) : undefined;
  return JSON.stringify([distance, spatialAxes, variation, structure?.kind, factors]);
}
