/** Trains networks on the engine. */
export { accuracyOn } from './accuracy.ts';
export {
  type AutoencoderOptions,
  defaultAutoencoder,
  type TrainedAutoencoder,
  trainAutoencoder,
  type UnitPictures,
} from './autoencoder.ts';
export { macsOf as autoencoderMacs } from './autoencoder-graph.ts';
export { type ClassifierOptions, type TrainedClassifier, trainClassifier } from './classifier.ts';
export { type Block, type Epoch, type FitOptions, type FitState, train } from './fit.ts';
export { type ConvShape, Layers } from './layers.ts';
export { type ActivationShape, type Layout, layoutOf, type PictureSize } from './layout.ts';
export { type NetworkName, networks } from './networks.ts';
export { cosine, halving, type Schedule } from './schedule.ts';
export { structuralSimilarity } from './similarity.ts';
export type { StepSpec, Table } from './step.ts';
