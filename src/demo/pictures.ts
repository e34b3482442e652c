/** Test pictures as files, as a camera would leave them, and what the whole model says of them. */
import { join } from 'node:path';
import { type Dataset, type Preprocessing, preprocess } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { makeFolder } from '../files.ts';
import { asFloat32, bindBatch, type Graph } from '../model/index.ts';

export interface DemoPicture {
  readonly path: string;
  readonly label: number | undefined;
  /** Outputs of the unsplit model. */
  readonly unsplit: Float32Array;
}

/** @param graph symbolic batch, or batch one */
export async function picturesFor(
  engine: Engine,
  graph: Graph,
  data: Dataset,
  preprocessing: Preprocessing,
  count: number,
  folder: string,
): Promise<DemoPicture[]> {
  const { default: sharp } = await import('sharp');
  await makeFolder(folder);
  const session = await engine.load(bindBatch(graph, 1));
  try {
    const pictures: DemoPicture[] = [];
    for (let i = 0; i < Math.min(count, data.test.count); i++) {
      const pixels = await data.test.pixels([i]);
      const { channels, height, width } = pixels;
      const area = height * width;
      const interleaved = new Uint8Array(pixels.data.length);
      for (let c = 0; c < channels; c++)
        for (let p = 0; p < area; p++) interleaved[p * channels + c] = pixels.data[c * area + p]!;
      const path = join(folder, `${String(i).padStart(4, '0')}.png`);
      const raw = { width, height, channels: channels as 1 | 3 };
      await sharp(interleaved, { raw })
        .toColourspace(channels === 1 ? 'b-w' : 'srgb')
        .png()
        .toFile(path);
      const results = await session.run({ [graph.inputs[0]!.name]: preprocess(pixels, preprocessing) });
      const unsplit = asFloat32(results[graph.outputs[0]!.name]);
      pictures.push({ path, label: data.test.labels?.[i], unsplit });
    }
    return pictures;
  } finally {
    await session.close();
  }
}
