/** What was predicted beside what was measured, in one line: who plans by it should know how far it was off. */
import { quantile } from '../numeric/index.ts';
import { milliseconds } from './format.ts';
import type { CandidateEntry } from './types.ts';

/** @param measured end to end, ms, one an inference; at least one */
export function cameTrue(predicted: CandidateEntry['latencyMs'], measured: readonly number[]): string {
  const half = side('p50', predicted.total, quantile(measured, 0.5));
  const { p95, uncounted } = predicted;
  const tail = typeof p95 === 'number' ? `; ${side('p95', p95, quantile(measured, 0.95))}` : '';
  const left = uncounted
    ? ` About ${milliseconds(uncounted)} ms of the runtime itself are not counted: profile again.`
    : '';
  return `Predicted against measured latency: ${half}${tail}.${left}`;
}

function side(name: string, predicted: number, measured: number): string {
  const off = Math.round(100 * (predicted / measured - 1));
  return `${name} ${milliseconds(predicted)} against ${milliseconds(measured)} ms (${off > 0 ? '+' : ''}${off} %)`;
}
