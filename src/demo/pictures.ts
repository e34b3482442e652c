/** Test pictures as files, as a camera would leave them, and what the undivided models say of them. */
import { join } from 'node:path';
import { type Dataset, type Preprocessing, preprocess } from '../data/index.ts';
import type { Engine, Session } from '../engine/index.ts';
import { makeFolder } from '../files.ts';
import { asFloat32, bindBatch, type Graph } from '../model/index.ts';
import { argMax } from '../numeric/index.ts';

export interface DemoPicture {
  readonly path: string;
  readonly label: number | undefined;
  /** Outputs of the model that is split, as a whole. */
  readonly whole: Float32Array;
  /** What the model chooses that it was made of; the same where it was made of none. */
  readonly unsplit: number;
}

/** @param graphs symbolic batch, or batch one: the model that is split, and the one it was made of */
export async function picturesFor(
  engine: Engine,
  graphs: { readonly whole: Graph; readonly unsplit: Graph },
  data: Dataset,
  preprocessing: Preprocessing,
  count: number,
  folder: string,
): Promise<DemoPicture[]> {
  const { default: sharp } = await import('sharp');
  await makeFolder(folder);
  const whole = await engine.load(bindBatch(graphs.whole, 1));
  const unsplit = graphs.unsplit === graphs.whole ? whole : await engine.load(bindBatch(graphs.unsplit, 1));
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
      const input = preprocess(pixels, preprocessing);
      const answer = async (session: Session) =>
        asFloat32((await session.run({ [session.inputs[0]!.name]: input }))[session.outputs[0]!.name]);
      const own = await answer(whole);
      const choice = argMax(unsplit === whole ? own : await answer(unsplit));
      pictures.push({ path, label: data.test.labels?.[i], whole: own, unsplit: choice });
    }
    return pictures;
  } finally {
    for (const session of new Set([whole, unsplit])) await session.close();
  }
}
