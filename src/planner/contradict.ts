/** Requirements that exclude each other before any network is looked at, and those that do so for the candidates there are. */
import { CutlineError } from '../errors.ts';
import type { Thresholds } from '../plan/index.ts';
import type { Refusal } from './relax.ts';

/** @throws CutlineError CONSTRAINTS_CONTRADICT naming both, and what to relax */
export function refuseContradictions(asked: Thresholds): void {
  const contradict = (first: string, second: string, relax: string): never => {
    throw new CutlineError('CONSTRAINTS_CONTRADICT', { first, second, relax });
  };
  const { at, requireSplit, minDepth, maxDownloadBytes, requireMixing, weights } = asked;
  const device = at === 'output' ? 'runs everything on the device' : 'runs everything in the cloud';
  if (requireSplit && (at === 'input' || at === 'output')) {
    contradict('--require-split', `--at ${at}, which ${device}`, 'Leave out one of them.');
  }
  if (at === 'input' && (minDepth !== undefined || requireMixing)) {
    const first = requireMixing ? '--require-mixing' : `--min-depth ${minDepth}`;
    contradict(first, '--at input, where the device runs nothing', 'Leave out one of them.');
  }
  if (maxDownloadBytes === 0 && (minDepth !== undefined || requireMixing)) {
    const first = requireMixing ? '--require-mixing' : `--min-depth ${minDepth}`;
    contradict(first, '--max-download-bytes 0', 'A layer with weights has at least 4 bytes: allow it some.');
  }
  if (asked.objective === 'weights' && Object.values(weights ?? {}).every((w) => w === 0)) {
    contradict('--objective weights', '--weights that are all 0', 'Give one of them a positive weight.');
  }
}

/**
 * The fewest requirements that no candidate keeps together, by the names of their flags; empty where none can be named. Each one
 * of them is needed: without it some candidate would pass.
 * @param refusals of every candidate; what an audit could mend is supposed to come out well
 */
export function conflictAmong(refusals: readonly Refusal[]): string[] {
  const broken: string[][] = [];
  for (const { breaches } of refusals) {
    const own = breaches.filter((b) => !b.unaudited);
    // What breaks nothing else is kept from being chosen by its audit alone: no requirements exclude each other.
    if (own.length === 0) return [];
    if (own.some((b) => b.option === undefined && b.rule === undefined && b.demand === undefined)) continue;
    broken.push(own.map((b) => b.option ?? b.demand ?? `rule ${b.rule!.name}`));
  }
  if (broken.length === 0) return [];
  let needed = [...new Set(broken.flat())];
  for (const name of needed) {
    const fewer = needed.filter((n) => n !== name);
    if (broken.every((list) => list.some((n) => fewer.includes(n)))) needed = fewer;
  }
  return needed;
}

export function conflictText(conflict: readonly string[]): string {
  const names = conflict.map((name) => (name.startsWith('rule ') ? name : `--${name}`));
  if (names.length === 0) return '';
  if (names.length === 1) return `No candidate keeps ${names[0]}. `;
  return `No candidate keeps ${names.slice(0, -1).join(', ')} and ${names.at(-1)} together. `;
}
