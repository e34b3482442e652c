/** What a few of the user's own pictures say about every cut: how many bytes each codec really writes. */

import { createCodec, type PixelLaw } from '../broker/index.ts';
import { carriesCodes, carriesPictures } from '../codecs.ts';
import type { Engine } from '../engine/index.ts';
import type { Graph, Tensor, Tensors } from '../model/index.ts';
import type { CodecName } from '../plan/index.ts';
import { isPicture } from './facts.ts';

export interface CutNames {
  readonly id: string;
  readonly tensors: readonly { readonly name: string }[];
}

export interface Calibration {
  /** Mean over the pictures. */
  readonly payloadBytes: Readonly<Partial<Record<CodecName, number>>>;
}

/**
 * @param inputs one picture each, as the model takes it
 * @param pixels what a pixel is to the network
 * @returns by cut id
 */
export async function calibrate(
  engine: Engine,
  graph: Graph,
  cuts: readonly CutNames[],
  inputs: readonly Tensors[],
  codecs: readonly CodecName[],
  { pixels, signal }: { readonly pixels?: PixelLaw | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<ReadonlyMap<string, Calibration>> {
  const cancel = signal ? { signal } : {};
  const names = new Set(cuts.flatMap((c) => c.tensors.map((t) => t.name)));
  for (const { name } of graph.inputs) names.delete(name);
  const outputs = [...names].map((name) => graph.values.get(name) ?? { name, dtype: 'float32' as const, shape: [''] });
  const session = await engine.load({ ...graph, outputs }, cancel);
  try {
    const sums = new Map(cuts.map((c) => [c.id, new Map<CodecName, number>()]));
    for (const feeds of inputs) {
      const values = { ...(await session.run(feeds, cancel)), ...feeds };
      for (const cut of cuts) {
        const sum = sums.get(cut.id)!;
        for (const { name } of cut.tensors) {
          const tensor = values[name]!;
          // A code has one length, whatever the picture.
          for (const codec of codecs.filter(
            (c) => !carriesCodes(c) && (!carriesPictures(c) || isPictureAt(cut, tensor)),
          )) {
            const { data } = await createCodec(codec, pixels).encode(name, tensor);
            sum.set(codec, (sum.get(codec) ?? 0) + data.length);
          }
        }
      }
    }
    return new Map(
      [...sums].map(([id, bytes]) => [
        id,
        { payloadBytes: Object.fromEntries([...bytes].map(([c, n]) => [c, Math.ceil(n / inputs.length)])) },
      ]),
    );
  } finally {
    await session.close();
  }
}

const isPictureAt = ({ id, tensors }: CutNames, { dtype, shape }: Tensor): boolean =>
  isPicture({ id, tensors: tensors.map(({ name }) => ({ name, dtype, shape })) });
