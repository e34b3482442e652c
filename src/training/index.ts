/** Trains networks on the engine. */
export { accuracy, argmaxRows } from './accuracy.ts';
export { type ClassifierOptions, type TrainedClassifier, trainClassifier } from './classifier.ts';
export { type FitOptions, train } from './fit.ts';
export { type NetworkName, networks } from './networks.ts';
