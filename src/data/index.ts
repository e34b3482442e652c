/** Pictures: where they come from and how they become a network's input. */
export { type ModelCard, type Preprocessing, preprocessingSchema } from './card.ts';
export { cardPath, type PreprocessingFlags, preprocessingFor, readCard, writeCard } from './card-file.ts';
export type { Dataset, Pixels, Split } from './dataset.ts';
export { type DecodeOptions, decodeImage, MAX_IMAGE_BYTES, resizePixels } from './decode.ts';
export { type FetchOptions, type FetchResult, fetchDataset } from './fetch/index.ts';
export { isDropping } from './listing.ts';
export { type OpenOptions, openDataset } from './open.ts';
export { type PictureFile, pictureFiles } from './picture-files.ts';
export { inputShape, normalise, preprocess, toPixels, unitPixels } from './preprocess.ts';
export type { ImageSize } from './split.ts';
export { victims } from './victims.ts';
