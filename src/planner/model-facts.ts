/** From a graph to the planner's facts. */
import { CutlineError } from '../errors.ts';
import {
  activationBytes,
  bytesPerElement,
  type Cut,
  fixedShape,
  type Graph,
  isHeld,
  isSendable,
  type Node,
  nodeWork,
  peakBytes,
  split,
  type ValueInfo,
} from '../model/index.ts';
import type { AnswerTensor } from '../plan/index.ts';
import type { CutFacts, ModelFacts } from './facts.ts';
import { layersOf } from './layers.ts';

/**
 * The cuts that a plan can be made for: a plan tells the size of what is sent, so it must be the same for every picture. (A
 * model that runs on the device altogether sends nothing.)
 */
export function plannableCuts(cuts: readonly Cut[]): Cut[] {
  return cuts.filter((cut) => cut.id === 'output' || (cut.activationBytes !== null && cut.tensors.every(isSendable)));
}

/**
 * @param graph with every shape known
 * @param cuts as `plannableCuts` gives them
 * @param payloadBytes by cut and codec, where they were measured
 * @param codes bits an element by tensor, of those that are codes
 * @throws CutlineError ANSWER_UNSENDABLE where no size can be told for an output
 */
export function modelFacts(
  graph: Graph,
  sha256: string,
  cuts: readonly Cut[],
  payloadBytes: (cut: string) => CutFacts['payloadBytes'] | undefined = () => undefined,
  codes: ReadonlyMap<string, number> = new Map(),
): ModelFacts {
  const answerBytes = graph.outputs.reduce((n, o) => n + answerBytesOf(o), 0);
  const work = nodeWork(graph);
  const side = (nodes: readonly Node[]) => nodes.flatMap((n) => work.get(n) ?? []);
  const facts = cuts.map((cut): CutFacts => {
    const parts = partsOf(graph, cut);
    const measured = payloadBytes(cut.id);
    return {
      id: cut.id,
      tensors: cut.tensors.map((t) => {
        const bits = codes.get(t.name);
        return { name: t.name, dtype: t.dtype, shape: t.shape.map(Number), ...(bits !== undefined && { bits }) };
      }),
      activationBytes: cut.activationBytes ?? answerBytes,
      head: side(parts.head?.nodes ?? []),
      tail: side(parts.tail?.nodes ?? []),
      layers: layersOf(parts.head),
      headWeightBytes: parts.head ? weightBytes(parts.head) : 0,
      headPeakBytes: parts.head ? peakBytes(parts.head) : 0,
      ...(measured && { payloadBytes: measured }),
    };
  });
  return { sha256, cuts: facts, answerBytes };
}

/** Texts, of which nothing tells how long they are, count nothing. */
function answerBytesOf(output: ValueInfo): number {
  const refuse = (problem: string): never => {
    throw new CutlineError('ANSWER_UNSENDABLE', { output: output.name, problem });
  };
  if (!isHeld(output)) return refuse('is no tensor that a message carries');
  if (!fixedShape(output)) return refuse('has a size that depends on what the model sees');
  return activationBytes(output) ?? 0;
}

/**
 * What a tail answers, in its order. Texts stay where they are: no message carries them.
 * @throws CutlineError ANSWER_UNSENDABLE where nothing is left
 */
export function answerOf(tail: Graph): AnswerTensor[] {
  const sent = tail.outputs.filter((o) => isSendable(o) && fixedShape(o) !== undefined);
  if (sent.length === 0) {
    const problem = 'is text, or nothing of a known size, and there is no other';
    throw new CutlineError('ANSWER_UNSENDABLE', { output: tail.outputs[0]?.name ?? 'none', problem });
  }
  return sent.map((o) => ({ name: o.name, dtype: o.dtype as AnswerTensor['dtype'], shape: [...fixedShape(o)!] }));
}

/** What runs on either side; all-cloud has no head, all-device no tail. */
export function partsOf(graph: Graph, cut: Cut): { readonly head: Graph | null; readonly tail: Graph | null } {
  if (cut.id === 'input') return { head: null, tail: graph };
  if (cut.id === 'output') return { head: graph, tail: null };
  return split(graph, cut);
}

function weightBytes(graph: Graph): number {
  const constants = graph.nodes.flatMap(({ attributes: { value } }) => (value?.type === 'tensor' ? [value.value] : []));
  let bytes = 0;
  for (const t of [...graph.initializers.values(), ...constants])
    bytes += t.data.length * (bytesPerElement(t.dtype) ?? 0);
  return bytes;
}

/** Noise that is offered when an audit can be made: three strengths, relative to the activation's root mean square. */
export const defaultDefenses: readonly string[] = ['gauss(sd=0.25x)', 'gauss(sd=0.5x)', 'gauss(sd=1x)'];
