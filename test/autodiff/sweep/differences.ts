/** Central differences of a graph on the engine, and its gradient graph on the engine beside them. */
import { vectorJacobianGraph } from '../../../src/autodiff/index.ts';
import type { Engine } from '../../../src/engine/index.ts';
import { CutlineError } from '../../../src/errors.ts';
import { foldConstants, type Graph, inferShapes, sizeOf, type Tensor, type Tensors } from '../../../src/model/index.ts';
import { difference, numbers } from '../../support/compare.ts';
import { type Noise, noise } from '../check.ts';
import type { Draft } from './draft.ts';
import { outputsOf, type Truth, truthOf, write } from './truth.ts';
import type { Variant } from './variant.ts';

/** Relative to the length of the gradient: what float32 leaves of a gradient of a hundred terms, and of its differences. */
const tolerance = { float64: 2e-4, float32: 2e-3 } as const;
/** Differences at two steps may differ by this much, for curvature; more means that they say nothing. */
const mostCurvature = 2e-2;
/** Of values in float32 and in float64. */
const sameFunction = 1e-5;
const singleElements = 2;

/** @returns what is wrong with the variant's gradient, or undefined */
export async function wrongGradient(engine: Engine, variant: Variant): Promise<string | undefined> {
  const draft = write(variant.write, variant, 'float32');
  let graph: Graph;
  let forward: Tensors;
  try {
    forward = await runOnce(engine, draft);
    graph = await foldConstants(await inferShapes(draft.graph(), engine), engine);
  } catch (error) {
    return refusal(error, 'ENGINE_', variant.refused, 'onnxruntime refuses it');
  }
  if (variant.refused) return `onnxruntime runs it, though it is noted that it does not: ${variant.refused}`;
  graph = { ...graph, outputs: graph.outputs.filter((v) => v.dtype.startsWith('float')) };
  let vjp: Graph;
  try {
    vjp = vectorJacobianGraph(graph);
  } catch (error) {
    return refusal(error, 'NO_GRADIENT_RULE', variant.unruled, 'there is no gradient');
  }
  if (variant.unruled) return `there is a gradient, though it is noted that there is none: ${variant.unruled}`;
  const random = noise(91);
  const cotangents = Object.fromEntries(graph.outputs.map((v) => [v.name, cotangent(v.shape as number[], random)]));
  let gradients: Tensors;
  try {
    gradients = await gradientsOf(engine, vjp, draft, cotangents, variant.raised);
  } catch (error) {
    if (!(error instanceof CutlineError)) throw error;
    return `onnxruntime refuses the gradient: ${error.message}`;
  }
  const truth = await truthOf(engine, variant, draft, graph, cotangents);
  try {
    if (variant.raised) {
      const off = difference(await truth.here(), outputsOf(cotangents, forward));
      if (off > sameFunction) return `what it is raised to computes something else, off by ${off}`;
    }
    return await firstWrong(truth, draft, gradients, random);
  } finally {
    await truth.close();
  }
}

async function runOnce(engine: Engine, draft: Draft): Promise<Tensors> {
  const session = await engine.load(draft.graph());
  try {
    return await session.run(Object.fromEntries(draft.feeds));
  } finally {
    await session.close();
  }
}

function refusal(error: unknown, code: string, noted: string | undefined, what: string): string | undefined {
  if (!(error instanceof CutlineError && error.code.startsWith(code))) throw error;
  return noted ? undefined : `${what}, which is not noted: ${error.message}`;
}

/** Between ½ and 1½ with either sign: none is so small that it hides an error. */
function cotangent(shape: readonly number[], random: Noise): Tensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => Math.sign(random()) * (1 + random() / 2));
  return { dtype: 'float32', shape, data };
}

async function gradientsOf(
  engine: Engine,
  vjp: Graph,
  draft: Draft,
  cotangents: Tensors,
  raised = false,
): Promise<Tensors> {
  const session = await engine.load(vjp, raised ? { optimization: 'disabled' } : {});
  const seeds = Object.entries(cotangents).map(([name, t]) => [`cotangent:${name}`, t] as const);
  const feeds = Object.fromEntries(
    [...draft.feeds, ...seeds].filter(([name]) => vjp.inputs.some((v) => v.name === name)),
  );
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

async function firstWrong(truth: Truth, draft: Draft, gradients: Tensors, random: Noise): Promise<string | undefined> {
  for (const [input, spacing] of draft.spacing) {
    const { shape } = draft.feeds.get(input)!;
    const gradient = gradients[`gradient:${input}`];
    if (`${gradient?.shape}` !== `${shape}`)
      return `gradient of ${input} has shape [${gradient?.shape}], not [${shape}]`;
    const slopes = numbers(gradient!);
    if (!slopes.every(Number.isFinite)) return `gradient of ${input} is not finite: ${slopes.slice(0, 8)}`;
    const scale = Math.max(Math.hypot(...slopes), 1e-2);
    // Float32 loses about 1e-7/step; neighbouring values must stay in order.
    const exact = truth.precision === 'float64';
    const step = exact ? Math.min(1e-5, spacing / 8) : Math.min(0.02, spacing / 8);
    for (const [where, direction] of directions(slopes.length, exact ? 1 : 2, random)) {
      const central = async (by: number) =>
        ((await truth.at(input, direction, by)) - (await truth.at(input, direction, -by))) / (2 * by);
      const near = await central(step);
      const far = exact ? near : await central(2 * step);
      const curvature = Math.abs(near - far);
      const length = scale * Math.max(1, Math.hypot(...direction) / Math.sqrt(direction.length));
      if (!(curvature <= mostCurvature * length))
        return `differences of ${input} ${where} do not settle: ${near}, ${far}`;
      const rule = slopes.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      if (!(Math.abs(rule - near) <= tolerance[truth.precision] * length + curvature)) {
        return `${input} ${where}: ${rule}, differences in ${truth.precision} say ${near}`;
      }
    }
  }
  return undefined;
}

/** Signs at random through all elements, where an error of any shows, and some elements alone. */
function* directions(n: number, through: number, random: Noise): Generator<readonly [string, number[]]> {
  for (let k = 0; k < through; k++) {
    yield [`along signs ${k}`, Array.from({ length: n }, () => (random() < 0 ? -1 : 1))];
  }
  for (let k = 0; k < Math.min(singleElements, n); k++) {
    const element = Math.floor(((random() + 1) / 2) * n);
    yield [`at element ${element}`, Array.from({ length: n }, (_, i) => (i === element ? 1 : 0))];
  }
}
