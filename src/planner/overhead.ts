/** What the runtime itself takes of an inference, beside arithmetic and link: as the profiles say. */
import type { Profile, RuntimeTerm } from '../profile/index.ts';
import { type Term, worst } from './distribution.ts';

/** What one call on either side takes, and a byte that goes through it. */
export type Overhead = (bytes: number) => Term;

/** A profile without the section: nothing is known, so nothing is counted, and no percentile can be told. */
const unknown: Overhead = () => ({ p50: 0, p95: null, source: 'measured' });

export const isKnown = ({ runtime }: Pick<Profile, 'runtime'>): boolean => runtime !== undefined;

export const agentOverhead = ({ runtime }: Pick<Profile, 'runtime'>, term: 'head' | 'encode'): Overhead =>
  runtime ? (bytes) => at(runtime.agent[term], bytes) : unknown;

export const consumerOverhead = ({ runtime }: Pick<Profile, 'runtime'>, term: 'tail' | 'exchange'): Overhead =>
  runtime ? (bytes) => at(runtime.consumer[term], bytes) : unknown;

/**
 * What an inference of small messages usually takes of the runtime, ms: as profiles/x86-epyc-2-cores.yaml has it. The right order of
 * magnitude there, too little on a small board. It is said, never counted.
 */
export const usualMs = { agent: 0.46, consumer: 1.8 } as const;

function at({ p50, p95 }: RuntimeTerm, bytes: number): Term {
  const on = (line: RuntimeTerm['p50']) => line.fixedMs.value + line.msPerByte.value * bytes;
  const median = on(p50);
  return {
    p50: median,
    p95: p95 ? Math.max(median, on(p95)) : null,
    source: worst(...[p50, ...(p95 ? [p95] : [])].flatMap((l) => [l.fixedMs.source, l.msPerByte.source])),
  };
}
