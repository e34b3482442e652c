/** Learned codes: a small encoder on the device, few levels, a small decoder in the cloud. */
export { type AnswerKind, answerKinds } from './answers.ts';
export type { CoderSize } from './coder.ts';
export type { Divided, Source } from './features.ts';
export { type EpochReport, type Hardened, type HardenOptions, harden } from './harden.ts';
export { type Adversary, noAdversary } from './network.ts';
export { codeName, hardenedGraph } from './release.ts';
export { type CodeShape, type Levels, levelChoices, type Rate } from './shape.ts';
