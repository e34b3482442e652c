/** What the cloud sees that is sent the picture itself: how much of it a lossy codec leaves, measured. */
import { createCodec, decodeTensor } from '../../broker/index.ts';
import { toPixels } from '../../data/index.ts';
import type { CodecName } from '../../plan/index.ts';
import { bootstrap, type Images, ssim } from '../../privacy/metrics/index.ts';
import { createRandom } from '../../random.ts';
import type { ReadingEntry } from '../leakage.ts';
import type { Sample } from './sample.ts';

/** As many pictures as make an interval, no more: each is encoded by every codec. */
const mostPictures = 50;

/** Undefined where nobody says what a pixel is. */
export async function measureReading(codec: CodecName, sample: Sample): Promise<ReadingEntry | undefined> {
  const { picture } = sample;
  const count = Math.min(mostPictures, sample.count);
  if (!picture || count === 0) return undefined;
  const { channels, height, width } = picture.preprocessing;
  const wire = createCodec(codec, picture.preprocessing);
  const images = (data: Float32Array): Images => ({ count: 1, channels, height, width, data });
  const scores: number[] = [];
  for (let i = 0; i < count; i++) {
    const sent = (await sample.at(i))[picture.input]!;
    const read = await decodeTensor(await wire.encode(picture.input, sent));
    const [truth, seen] = [sent, read].map((t) => images(toPixels(t, picture.preprocessing)));
    scores.push(ssim(truth!, seen!)[0]!);
  }
  return { codec, ssim: bootstrap(scores, createRandom(1), { range: [-1, 1] }), images: count };
}
