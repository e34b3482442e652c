import type { Images } from '../../../src/privacy/metrics/index.ts';

/**
 * The picture the reference values were computed on. In numpy:
 * i = arange(c·h·w); (.5 + .5 sin(.37 i + .9 k) cos(.011 i (k + 1))).astype(float32).reshape(c, h, w)
 */
export function picture(channels: number, height: number, width: number, k: number): Images {
  const data = Float32Array.from(
    { length: channels * height * width },
    (_, i) => 0.5 + 0.5 * Math.sin(0.37 * i + 0.9 * k) * Math.cos(0.011 * i * (k + 1)),
  );
  return { count: 1, channels, height, width, data };
}

export function batch(images: readonly Images[]): Images {
  const data = new Float32Array(images.reduce((sum, i) => sum + i.data.length, 0));
  let at = 0;
  for (const image of images) {
    data.set(image.data, at);
    at += image.data.length;
  }
  return { ...images[0]!, count: images.length, data };
}

export const mix = (a: Images, b: Images, share: number): Images => ({
  ...a,
  data: a.data.map((v, i) => (1 - share) * v + share * b.data[i]!),
});
