/** What metrics compare: pictures as numbers in [0, 1], NCHW. */

export interface Images {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Float32, in [0, 1]. Values outside count as they are; what is not finite is refused. */
  readonly data: Float32Array;
}

/** Elements of one picture. */
export const pixelsPerImage = (images: Images): number => images.channels * images.height * images.width;

export function imageAt(images: Images, index: number): Float32Array {
  const length = pixelsPerImage(images);
  return images.data.subarray(index * length, (index + 1) * length);
}

/** Some of the pictures, in the order of the indices. */
export function imagesAt(images: Images, indices: readonly number[]): Images {
  const length = pixelsPerImage(images);
  const data = new Float32Array(indices.length * length);
  for (const [k, i] of indices.entries()) data.set(imageAt(images, i), k * length);
  return { ...images, count: indices.length, data };
}

/**
 * An attack that ran away to NaN must not pass as one that saw nothing: comparisons with NaN are false, and so would be
 * "leaks more than allowed".
 * @throws RangeError
 */
export function checkComparable(truth: Images, seen: Images): void {
  const shape = (i: Images) => `${i.count}×${i.channels}×${i.height}×${i.width}`;
  if (shape(truth) !== shape(seen)) throw new RangeError(`cannot compare ${shape(truth)} with ${shape(seen)}`);
  checkFinite(truth);
  checkFinite(seen);
}

export function checkFinite(images: Images): void {
  const wanted = images.count * pixelsPerImage(images);
  if (images.data.length !== wanted) throw new RangeError(`${images.data.length} values for ${wanted} pixels`);
  for (let i = 0; i < images.data.length; i++) {
    if (!Number.isFinite(images.data[i])) {
      throw new RangeError(`picture ${Math.floor(i / pixelsPerImage(images))} has a pixel that is ${images.data[i]}`);
    }
  }
}
