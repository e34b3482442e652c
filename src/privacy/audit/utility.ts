/** What a device leaves of the model: right answers where there are labels, and answers as before where there are none. */

import { type Preprocessing, preprocess, type Split } from '../../data/index.ts';
import type { Engine, Session } from '../../engine/index.ts';
import { fullChunks } from '../../full-chunks.ts';
import { asFloat32, float32, type Graph, prune, type Tensor, type Tensors } from '../../model/index.ts';
import { agreements, argMax } from '../../numeric/index.ts';
import { own } from '../../own.ts';
import type { Random } from '../../random.ts';
import { bootstrap, type Interval, type Share, shareOf } from '../metrics/index.ts';
import type { Device } from './device.ts';
import type { Subject } from './subject.ts';

export interface Utility {
  /** Share of right answers; null without labels, or where the first output is no row of class scores for each picture. */
  readonly accuracy: Share | null;
  /** Share of pictures for which the first output's greatest score is where it is without mechanism and codec; null as above. */
  readonly agreement: Share | null;
  /** Cosine of the first output with and without mechanism and codec, for any kind of output; null where it has no row a picture. */
  readonly cosine: Interval | null;
  readonly images: number;
}

export const noUtility: Utility = { accuracy: null, agreement: null, cosine: null, images: 0 };

const chunk = 100;

/**
 * @param device as it sends
 * @param bare the same cut without mechanism and codec
 * @param limit pictures of the split to look at, from its beginning
 */
export async function utility(
  engine: Engine,
  subject: Subject,
  { device, bare }: { readonly device: Device; readonly bare: Device },
  data: Split,
  random: Random,
  limit: number,
  signal?: AbortSignal,
): Promise<Utility> {
  const n = Math.min(chunk, limit, data.count);
  if (n === 0 || (await subject.noAnswer(n))) return noUtility;
  const { tail } = await subject.parts(device.cut, n);
  const output = tail.outputs[0]!;
  if (output.dtype !== 'float32') return noUtility;
  const session = await engine.load(tail, signal && { signal });
  try {
    const names = tail.inputs.map((v) => v.name);
    const answerOf = (to: Device) => async (inputs: Tensor, at: number) => {
      const seen = await to.observe(inputs, (row) => random.fork(at + row), signal);
      return answer(session, names, seen, output.name, signal);
    };
    const before = device === bare ? undefined : answerOf(bare);
    return await compared({ now: answerOf(device), before }, data, subject.preprocessing, { random, limit, signal });
  } finally {
    await session.close();
  }
}

/**
 * What a hardened network leaves of the one that it was made of; both take pictures alike.
 * @param output which of the network's outputs is looked at
 */
export async function utilityOfNetwork(
  engine: Engine,
  { now, before, output }: { readonly now: Subject; readonly before: Subject; readonly output: number },
  data: Split,
  random: Random,
  limit: number,
  signal?: AbortSignal,
): Promise<Utility> {
  const n = Math.min(chunk, limit, data.count);
  if (n === 0 || (await now.noAnswer(n)) || (await before.noAnswer(n))) return noUtility;
  const only = (graph: Graph): Graph => prune({ ...graph, outputs: [graph.outputs[output]!] });
  const graphs = [only(await now.whole(n)), only(await before.whole(n))] as const;
  if (graphs.some((graph) => graph.outputs[0]!.dtype !== 'float32')) return noUtility;
  const sessions = await Promise.all(graphs.map((graph) => engine.load(graph, signal && { signal })));
  try {
    const answerOf = (i: 0 | 1) => async (inputs: Tensor) => {
      const made = await sessions[i]!.run({ [graphs[i].inputs[0]!.name]: inputs }, signal && { signal });
      return made[graphs[i].outputs[0]!.name]!;
    };
    return await compared({ now: answerOf(0), before: answerOf(1) }, data, before.preprocessing, {
      random,
      limit,
      signal,
    });
  } finally {
    for (const session of sessions) await session.close();
  }
}

/** Answers [n, …] to n network inputs, of which the first is the picture `at`. */
type Answering = (inputs: Tensor, at: number) => Promise<Tensor>;

/** @param answers before: undefined where they are the same */
async function compared(
  answers: { readonly now: Answering; readonly before: Answering | undefined },
  data: Split,
  preprocessing: Preprocessing,
  about: { readonly random: Random; readonly limit: number; readonly signal?: AbortSignal | undefined },
): Promise<Utility> {
  const { random, limit, signal } = about;
  const count = Math.min(limit, data.count);
  const n = Math.min(chunk, count);
  let [right, same] = [0, 0];
  let isScores = true;
  const cosines: number[] = [];
  for (const { first: at, again } of fullChunks(count, n)) {
    const indices = Array.from({ length: n }, (_, i) => at + i);
    const inputs = preprocess(await data.pixels(indices, signal), preprocessing);
    const found = await answers.now(inputs, at);
    if (found.shape[0] !== n) return noUtility;
    const before = answers.before ? await answers.before(inputs, at) : found;
    isScores &&= found.shape.length === 2 && found.shape[1]! >= 2;
    const size = found.data.length / n;
    for (let i = again; i < n; i++) {
      const [row, clean] = [found, before].map((t) => asFloat32(t).subarray(i * size, (i + 1) * size)) as [
        Float32Array,
        Float32Array,
      ];
      cosines.push(cosine(row, clean));
      if (!isScores) continue;
      const choice = argMax(row);
      right += agreements([choice], [data.labels?.[at + i]]);
      same += agreements([choice], [argMax(clean)]);
    }
  }
  return {
    accuracy: isScores && data.labels ? shareOf(right, count) : null,
    agreement: isScores ? shareOf(same, count) : null,
    cosine: bootstrap(cosines, random.fork('cosine'), { range: [-1, 1] }),
    images: count,
  };
}

async function answer(
  session: Session,
  inputs: readonly string[],
  seen: Tensors,
  output: string,
  signal?: AbortSignal,
): Promise<Tensor> {
  const feeds = Object.fromEntries(inputs.map((name) => [name, own(seen, name) ?? float32([], [0])]));
  return (await session.run(feeds, signal && { signal }))[output]!;
}

/** Of nothing with nothing 1: that is the same answer. */
function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  if (aa === 0 && bb === 0) return 1;
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
