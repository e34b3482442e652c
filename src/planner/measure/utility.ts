/** What a codec, and a mechanism before it, leave of the network's answers: head, wire and tail as they will run. */
import { createCodec, decodeTensor } from '../../broker/index.ts';
import type { Engine, Session } from '../../engine/index.ts';
import { asNumbers, type Cut, type Graph, type Tensor, type Tensors } from '../../model/index.ts';
import { argMax } from '../../numeric/index.ts';
import type { CodecName } from '../../plan/index.ts';
import { compileMechanism, type NoiseSource, release, seededNoise } from '../../privacy/mechanisms/index.ts';
import { createRandom } from '../../random.ts';
import type { UtilityEntry } from '../leakage.ts';
import { partsOf } from '../model-facts.ts';
import type { Sample } from './sample.ts';

/** Measures one (cut, defense, codec). */
export type MeasureUtility = (
  cut: Cut,
  defense: string,
  codec: CodecName,
  signal?: AbortSignal,
) => Promise<UtilityEntry>;

/** @returns what measures; the whole network's own answers are computed once. Both figures are null where its first output is no row of scores. */
export function utilityMeasurer(engine: Engine, graph: Graph, sample: Sample): MeasureUtility {
  let whole: Promise<readonly (number | undefined)[]> | undefined;
  return async (cut, defense, codec, signal) => {
    whole ??= withSession(engine, graph, signal, (run) => choices(sample, async (feeds) => run(feeds)));
    const before = await whole;
    const { head, tail } = partsOf(graph, cut);
    const mechanism = compileMechanism(defense, {
      input: (graph.inputs[0]?.shape ?? []).slice(1).map(Number),
      activation: cut.tensors.map(({ name, shape }) => ({ name, shape: shape.slice(1).map(Number) })),
    });
    const law = sample.picture?.preprocessing;
    const wire = createCodec(codec, law);
    const noise = (i: number): NoiseSource => seededNoise(createRandom(i + 1));
    const sent = async (feeds: Tensors, run: Run | undefined, i: number): Promise<Tensors> => {
      const source = noise(i);
      const seen = run ? await run(release(mechanism, 'input', feeds, source)) : feeds;
      const released = release(mechanism, 'activation', picked(seen, cut), source);
      const read = Object.entries(released).map(
        async ([name, tensor]): Promise<[string, Tensor]> => [
          name,
          await decodeTensor(await wire.encode(name, tensor)),
        ],
      );
      return Object.fromEntries(await Promise.all(read));
    };
    const ask = (runHead: Run | undefined) =>
      withSession(engine, tail!, signal, (runTail) =>
        choices(sample, async (feeds, i) => runTail(await sent(feeds, runHead, i))),
      );
    const now = head ? await withSession(engine, head, signal, ask) : await ask(undefined);
    return { cut: cut.id, defense, codec, ...compared(before, now, sample) };
  };
}

type Run = (feeds: Tensors) => Promise<Tensors>;

async function withSession<T>(
  engine: Engine,
  graph: Graph,
  signal: AbortSignal | undefined,
  use: (run: Run) => Promise<T>,
): Promise<T> {
  const cancel = signal ? { signal } : {};
  const session: Session = await engine.load(graph, cancel);
  const wanted = graph.inputs.map((v) => v.name);
  try {
    return await use((feeds) => session.run(Object.fromEntries(wanted.map((name) => [name, feeds[name]!])), cancel));
  } finally {
    await session.close();
  }
}

/** Where the first output's greatest score is, a picture at a time; undefined where there are no scores. */
async function choices(
  sample: Sample,
  answer: (feeds: Tensors, index: number) => Promise<Tensors>,
): Promise<(number | undefined)[]> {
  const found: (number | undefined)[] = [];
  for (let i = 0; i < sample.count; i++) {
    const [first] = Object.values(await answer(await sample.at(i), i));
    const isScores = first?.shape.length === 2 && first.shape[1]! >= 2 && first.dtype !== 'string';
    found.push(isScores ? argMax(asNumbers(first)) : undefined);
  }
  return found;
}

const picked = (tensors: Tensors, { tensors: wanted }: Cut): Tensors =>
  Object.fromEntries(wanted.map(({ name }) => [name, tensors[name]!]));

function compared(
  before: readonly (number | undefined)[],
  now: readonly (number | undefined)[],
  { count, label }: Sample,
): Pick<UtilityEntry, 'accuracy' | 'agreement' | 'images'> {
  const unknown = { accuracy: null, agreement: null, images: count };
  if (count === 0 || [...before, ...now].includes(undefined)) return unknown;
  const share = (of: (i: number) => boolean) => now.filter((_, i) => of(i)).length / count;
  const isLabelled = now.every((_, i) => label(i) !== undefined);
  return {
    accuracy: isLabelled ? share((i) => now[i] === label(i)) : null,
    agreement: share((i) => now[i] === before[i]),
    images: count,
  };
}
