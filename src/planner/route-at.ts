/** A candidate as a plan, with its halves of the network. */
import { type Cut, encodeModel, type Graph, modelSha256 } from '../model/index.ts';
import type { Candidate, Thresholds } from '../plan/index.ts';
import { cloudMsOf } from './choose.ts';
import { answerOf, partsOf } from './model-facts.ts';
import { type PlanParts, type Proof, planOf } from './plan.ts';
import { priceOf, type Search } from './weigh.ts';

export interface RouteContext {
  /** With the profiles that costs are predicted for. */
  readonly input: Search;
  readonly model: { readonly graph: Graph; readonly cuts: readonly Cut[] };
  readonly thresholds: Thresholds;
  readonly proof: Omit<Proof, 'option'>;
  readonly common: Pick<PlanParts, 'model' | 'picture' | 'profiles' | 'created' | 'serial'>;
}

/** @param n of the route, from 1: names of its files follow */
export function routeAt(candidate: Candidate, n: number, { input, model, thresholds, proof, common }: RouteContext) {
  const cut = model.cuts.find((c) => c.id === candidate.cut)!;
  const parts = partsOf(model.graph, cut);
  const [head, tail] = [parts.head, parts.tail].map((graph) => graph && encodeModel(graph)) as [Part, Part];
  const { defense, codec } = candidate;
  const option = { cut: input.model.cuts.find((c) => c.id === cut.id)!, defense, codec };
  const cost = priceOf(input, option);
  const { accuracy, agreement } = candidate;
  const priced: Candidate = { ...candidate, ...cost, accuracy, agreement, cloudMs: cloudMsOf(cost) };
  const file = (name: string) => (n === 1 ? `${name}.onnx` : `${name}-${n}.onnx`);
  const plan = planOf(
    priced,
    thresholds,
    { ...proof, option },
    {
      ...common,
      cut: { id: cut.id, tensors: option.cut.tensors.map((t) => ({ ...t, shape: [...t.shape] })) },
      head: head && { file: file('head'), sha256: modelSha256(head), bytes: head.length },
      tail: tail && { file: file('tail'), sha256: modelSha256(tail), bytes: tail.length },
      answer: parts.tail ? answerOf(parts.tail) : undefined,
    },
  );
  return { plan, head, tail };
}

type Part = Uint8Array | null;
