/** What options may be, as the parts have them, which are not loaded for a page of help; their types compare. */
import type { Platform } from '../bundle/index.ts';
import type { EngineName } from '../engine/index.ts';
import type { AttackerData, LossName } from '../privacy/attacks/index.ts';
import type { AnswerKind, Levels, Tune } from '../training/harden/index.ts';

export const attackerData = [
  'same-set',
  'same-distribution',
  'gaussian',
  'synthetic',
] as const satisfies AttackerData[];
export const engineNames = ['onnxruntime', 'tfjs'] as const satisfies EngineName[];
export const bundlePlatforms = ['linux-arm64', 'linux-x64'] as const satisfies Platform[];
export const lossNames = ['mse', 'mse+ssim'] as const satisfies LossName[];
export const answerKinds = ['classes', 'embedding', 'values'] as const satisfies AnswerKind[];
export const tuneChoices = ['tail', 'head'] as const satisfies Tune[];
export const levelChoices = [2, 4, 8, 16] as const satisfies Levels[];

/** What is kept of every look at a picture may take so much while a code is learnt. */
export const defaultMemoryGb = 3;
