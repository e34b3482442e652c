/** Figures as people read them. */
import type { Band, CandidateEntry } from './types.ts';

export const similarity = (value: number): string => value.toFixed(2);

export const interval = ({ low, high }: Band): string => `${similarity(low)} … ${similarity(high)}`;

export function milliseconds(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  if (value < 1e6) return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} kB`;
  return `${(value / 1e6).toFixed(1)} MB`;
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** What a split network is held against. */
export const undivided = ({ hardened }: { readonly hardened?: boolean | undefined }): string =>
  hardened ? 'before it was hardened' : 'unsplit';

/** What a defense is called in a sentence. */
export function defenseName(spec: string): string {
  return spec === 'none' ? 'no defense' : `the defense ${spec}`;
}

export function cutName(cut: string): string {
  if (cut === 'input') return 'everything in the cloud';
  return cut === 'output' ? 'everything on the device' : cut;
}

/** The fastest codec of each cut and defense, one that is feasible before one that is not; in the order given. */
export function bestCodecs(candidates: readonly CandidateEntry[]): CandidateEntry[] {
  const best = new Map<string, CandidateEntry>();
  for (const c of candidates) {
    const key = JSON.stringify([c.cut, c.defense]);
    const other = best.get(key);
    const better = !other || (c.feasible !== other.feasible ? c.feasible : c.latencyMs.total < other.latencyMs.total);
    if (better) best.set(key, c);
  }
  return [...best.values()];
}

export function isChosen(candidate: CandidateEntry, chosen: CandidateEntry | undefined): boolean {
  return (
    chosen !== undefined &&
    candidate.cut === chosen.cut &&
    candidate.defense === chosen.defense &&
    candidate.codec === chosen.codec
  );
}
