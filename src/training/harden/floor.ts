/** What is seen without any code: the mean picture. */
import { Expressions } from '../../autodiff/index.ts';
import type { Engine } from '../../engine/index.ts';
import { asFloat32, float32, GraphBuilder, type Tensor } from '../../model/index.ts';
import { structuralSimilarity } from '../similarity.ts';

/** Pictures that are enough to tell. */
const mostPictures = 200;

/**
 * @param pictures uint8 [n, channels, height, width]
 * @returns mean SSIM of their mean with each of them
 */
export async function similarityOfMean(engine: Engine, pictures: Tensor): Promise<number> {
  const [count, channels, height, width] = pictures.shape as [number, number, number, number];
  const n = Math.min(mostPictures, count);
  const size = channels * height * width;
  const bytes = (pictures.data as Uint8Array).subarray(0, n * size);
  const sum = new Float64Array(size);
  for (let i = 0; i < bytes.length; i++) sum[i % size]! += bytes[i]!;
  const shape = [n, channels, height, width];
  const b = new GraphBuilder(17);
  const [seen, truth] = [b.input('seen', 'float32', shape), b.input('truth', 'float32', shape)];
  const similarity = structuralSimilarity(new Expressions(b), seen, truth, n, { channels, height, width });
  b.output(similarity, 'float32', [n]);
  const session = await engine.load(b.build('floor'));
  try {
    const found = await session.run({
      seen: float32(
        Float32Array.from({ length: n * size }, (_, i) => sum[i % size]! / (255 * n)),
        shape,
      ),
      truth: float32(
        Float32Array.from(bytes, (v) => v / 255),
        shape,
      ),
    });
    return asFloat32(found[similarity]).reduce((a, v) => a + v, 0) / n;
  } finally {
    await session.close();
  }
}
