/** Whether a sink is told of a line. */
import type { Line } from '../recorder.ts';
import type { Filter } from './settings.ts';

export function passes({ head }: Pick<Line, 'head'>, filter: Filter | undefined): boolean {
  if (!filter) return true;
  if ('error' in head) return filter.failures;
  const { labels, minScore } = filter;
  if (labels && !labels.includes(head.top1Label ?? String(head.top1))) return false;
  // A score that is no number is not known to be enough.
  return minScore === undefined || (head.score ?? -1) >= minScore;
}
