/** Could a reconstruction be told apart from the others? A picture may look poor and still say whose it is. */
import { squaredError } from './error.ts';
import { checkFinite, type Images, imageAt } from './images.ts';
import { createSsim } from './ssim.ts';

export interface Reidentification {
  /** Share of reconstructions whose nearest picture in the gallery is their own truth, 0 … 1. */
  readonly rank1: number;
  /** Pictures in the gallery: guessing scores 1/gallery. */
  readonly gallery: number;
}

/**
 * @param own index in the gallery of each reconstruction's truth
 * @param by nearest in mean squared error (default), or most alike in SSIM (slower)
 */
export function reidentification(
  reconstructions: Images,
  gallery: Images,
  own: readonly number[],
  by: 'mse' | 'ssim' = 'mse',
): Reidentification {
  if (own.length !== reconstructions.count || own.some((i) => !(i >= 0 && i < gallery.count))) {
    throw new RangeError('every reconstruction needs its truth in the gallery');
  }
  checkFinite(reconstructions);
  checkFinite(gallery);
  const distances = by === 'mse' ? pixelDistances(gallery) : ssimDistances(gallery);
  let hits = 0;
  own.forEach((truth, i) => {
    const distance = distances(imageAt(reconstructions, i));
    const best = distance.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    // Twins in the gallery share the hit.
    if (distance[truth] === best) hits += 1 / distance.filter((d) => d === best).length;
  });
  return { rank1: own.length === 0 ? 0 : hits / own.length, gallery: gallery.count };
}

type Distances = (image: Float32Array) => Float64Array;

function pixelDistances(gallery: Images): Distances {
  return (image) => Float64Array.from({ length: gallery.count }, (_, g) => squaredError(image, imageAt(gallery, g)));
}

function ssimDistances(gallery: Images): Distances {
  const compare = createSsim(gallery);
  const known = Array.from({ length: gallery.count }, (_, g) => compare.statistics(imageAt(gallery, g)));
  return (image) => {
    const seen = compare.statistics(image);
    return Float64Array.from(known, (truth) => 1 - compare.similarity(truth, seen));
  };
}
