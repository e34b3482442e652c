/** What options may be, as the parts have them, which are not loaded for a page of help; their types compare. */
import type { EngineName } from '../engine/index.ts';
import type { AttackerData, LossName } from '../privacy/attacks/index.ts';

export const attackerData = [
  'same-set',
  'same-distribution',
  'gaussian',
  'synthetic',
] as const satisfies AttackerData[];
export const engineNames = ['onnxruntime', 'tfjs'] as const satisfies EngineName[];
export const lossNames = ['mse', 'mse+ssim'] as const satisfies LossName[];
