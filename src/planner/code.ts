/** What is known of cuts that send codes: what levels they have, what a message of them has in bits. */
import type { Engine } from '../engine/index.ts';
import {
  arrayType,
  type Cut,
  type Graph,
  type Node,
  reads,
  sizeOf,
  type Tensor,
  type Tensors,
} from '../model/index.ts';
import { codeGrid } from '../numeric/index.ts';
import {
  bitsCapOf,
  compileMechanism,
  type Mechanism,
  codeBits as perTensor,
  type SentTensor,
} from '../privacy/mechanisms/index.ts';
import { createRandom } from '../random.ts';
import type { SentOption } from './evidence.ts';

/** For the shapes of a cut; a plan's tensors have a batch of one. */
export function mechanismAt({ cut, defense }: Pick<SentOption, 'cut' | 'defense'>): Mechanism {
  return compileMechanism(defense, {
    input: [],
    activation: cut.tensors.map(({ name, shape }) => ({ name, shape: shape.slice(1) })),
  });
}

/** Bits of a picture, a tensor at a time; undefined where what is sent is no code, or the defense makes something else of it. */
export function codeBits(option: {
  readonly cut: { readonly tensors: readonly (SentTensor & SentOption['cut']['tensors'][number])[] };
  readonly defense: string;
}): readonly number[] | undefined {
  const { tensors } = option.cut;
  // Most cuts send none.
  if (!tensors.every((t) => t.bits !== undefined)) return undefined;
  return perTensor(tensors, mechanismAt({ ...option, cut: { id: '', tensors } }));
}

/** Bits of a message where what is sent is discrete: nobody learns more. Null where it is not; 0 where nothing is sent. */
export function capAt(option: SentOption): number | null {
  if (option.cut.id === 'output') return 0;
  return bitsCapOf(option.cut.tensors, mechanismAt(option), option.codec);
}

/** What real values are rounded by, in one way or another. */
const rounding = new Set(['Floor', 'Ceil', 'Round', 'Sign', 'Cast', 'Mod', 'Where', 'DequantizeLinear', 'ArgMax']);
/** Elements stay on a grid, or on one that is as coarse. */
const passing = new Set(
  'Add Sub Mul Div Neg Clip Min Max Sum Identity Reshape Flatten Transpose Squeeze Unsqueeze Concat Split Slice Gather Dropout'.split(
    ' ',
  ),
);

/**
 * Levels of the codes among the tensors of these cuts, by name: read off what the device would send. Only tensors that are rounded
 * are looked at, so that most models are not run for it. What is found of some pictures need not hold for all: the codec refuses
 * what is off its grid, and the agent what is longer than its plan says.
 * @param inputs one picture each; where there are none, noise does as well
 */
export async function codesAt(
  engine: Engine,
  graph: Graph,
  cuts: readonly Cut[],
  inputs: readonly Tensors[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const rounded = roundedAmong(
    graph,
    cuts.flatMap((cut) => cut.tensors),
  );
  const given = new Set(graph.inputs.map((v) => v.name));
  const outputs = rounded.filter(({ name }) => !given.has(name));
  const codes = new Map<string, number>();
  const pictures = inputs.length > 0 ? inputs : (noise(graph) ?? []);
  if (outputs.length === 0 || pictures.length === 0) return codes;
  const cancel = signal ? { signal } : {};
  const session = await engine.load({ ...graph, outputs }, cancel);
  try {
    const ruled = new Set<string>();
    for (const feeds of pictures) {
      for (const [name, { data, shape }] of Object.entries(await session.run(feeds, cancel))) {
        const grid = data instanceof Float32Array ? codeGrid(data, shape[0] ?? 1) : undefined;
        const bits = grid && 'bits' in grid && grid.sent > 0 ? grid.bits : undefined;
        if (bits === undefined || (codes.get(name) ?? bits) !== bits) ruled.add(name);
        else codes.set(name, bits);
      }
    }
    for (const name of ruled) codes.delete(name);
    return codes;
  } finally {
    await session.close();
  }
}

function roundedAmong(graph: Graph, tensors: Cut['tensors']): Cut['tensors'][number][] {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((y): [string, Node] => [y, node])));
  const isRounded = (name: string, seen: Set<string>): boolean => {
    const node = producers.get(name);
    if (!node || seen.has(name)) return false;
    seen.add(name);
    return rounding.has(node.op) || (passing.has(node.op) && reads(node).some((x) => isRounded(x, seen)));
  };
  const unique = new Map(tensors.map((t) => [t.name, t]));
  return [...unique.values()].filter((t) => t.dtype === 'float32' && isRounded(t.name, new Set()));
}

/** One picture of nothing, as the network takes it; undefined where it asks for texts. */
function noise({ inputs }: Graph): Tensors[] | undefined {
  const random = createRandom(1);
  const feeds: [string, Tensor][] = [];
  for (const { name, dtype, shape } of inputs) {
    if (dtype === 'string') return undefined;
    const extents = shape.map(Number);
    const data = new (arrayType(dtype))(sizeOf(extents));
    if (data instanceof Float32Array) random.fillNormal(data);
    feeds.push([name, { dtype, shape: extents, data }]);
  }
  return [Object.fromEntries(feeds)];
}
