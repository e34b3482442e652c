/** Failures of an inference that lie in the plan: not in the picture, the network, the disk or the consumer. */
import type { ErrorCode } from '../errors.ts';

const codes: ReadonlySet<string> = new Set<ErrorCode>([
  'ENGINE_LOAD',
  'ENGINE_RUN',
  'ENGINE_MEMORY',
  'ENGINE_CRASHED',
  'HEAD_MISMATCH',
  'MODEL_MEMORY',
  'CAP_EXCEEDED',
  'CODEC_RANGE',
  'TENSOR_INVALID',
]);

export const isOfThePlan = (code: string): boolean => codes.has(code);
