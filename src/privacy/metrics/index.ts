/** How much of a picture somebody got: errors, similarity, how sure that is, and what a guess would score. */
export { type Baseline, baseline, meanImage } from './baseline.ts';
export {
  type DistanceCorrelation,
  distanceCorrelation,
  distancesFromGram,
  minimumPictures,
} from './distance-correlation.ts';
export { mse, PSNR_CAP_DB, psnr } from './error.ts';
export { type Images, imagesAt } from './images.ts';
export { bootstrap, type Interval, meanOf, worstDecile } from './interval.ts';
export { type MultiScale, msSsim } from './ms-ssim.ts';
export {
  createGallery,
  type Gallery,
  joinRows,
  pictureRows,
  type Reidentification,
} from './reidentification.ts';
export { cosines, type Rows, sameChoice } from './rows.ts';
export { type Share, shareOf } from './share.ts';
export { type SsimMode, ssim } from './ssim.ts';
