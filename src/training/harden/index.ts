/** Learned codes: a small encoder on the device, few levels, a small decoder in the cloud. */
export type { AnswerKind } from './answers.ts';
export type { CoderSize } from './coder.ts';
export type { Divided, Source } from './features.ts';
export { type Hardened, type HardenOptions, harden } from './harden.ts';
export type { Checkpoint, EpochReport } from './learn.ts';
export { type Adversary, noAdversary } from './network.ts';
export { codeName, hardenedGraph } from './release.ts';
export type { CodeShape, Levels, Rate } from './shape.ts';
export type { Tune } from './tunable.ts';
