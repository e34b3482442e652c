/** Summaries of agent and consumer for people. */
import type { ConsumerSummary } from '../cloud/index.ts';
import type { AgentSummary } from '../device/index.ts';
import { table } from './output.ts';

export function agentText(summary: AgentSummary): string {
  const { inferences, latencyMs, resends, lateTwins, reconnects, hostile } = summary;
  const head = `${inferences.answered} of ${inferences.total} inferences answered in ${summary.seconds} s, cut at ${summary.cut}, ${summary.codec}, defense ${summary.defense}${summary.stopped ? ', stopped' : ''}`;
  const passedOver = counted(summary.source, ({ resumed, dropped, early, unchanged, broken, refused, restarts }) => [
    [resumed, 'answered before'],
    [dropped, 'dropped'],
    [early, 'too early'],
    [unchanged, 'unchanged'],
    [broken, 'broken'],
    [refused, 'requests refused'],
    [restarts, 'restarts of the camera'],
  ]);
  const told = summary.sinks.map(
    (sink, i) =>
      `sink ${i + 1}, ${sink.type}: ${sink.delivered} delivered${counted(sink, ({ filtered, dropped, failed }) => [
        [filtered, 'filtered'],
        [dropped, 'dropped'],
        [failed, 'failed'],
      ])}`,
  );
  const trouble = `${resends} sent again, ${lateTwins} late twins, ${reconnects} reconnections, ${hostile} foreign messages dropped`;
  const more = [`${trouble}${passedOver}`, ...told];
  if (!latencyMs) return [head, ...more].join('\n');
  const rows = Object.entries(latencyMs).map(([part, s]) => [
    part,
    s.p50.toFixed(2),
    s.p95.toFixed(2),
    s.max.toFixed(2),
  ]);
  const { inferences: all, sampled } = summary.latencyFrom;
  const title = sampled < all ? `latency, ms (${sampled} of ${all})` : 'latency, ms';
  return [head, table([[title, 'p50', 'p95', 'max'], ...rows]), ...more].join('\n');
}

/** What there is of each, as the end of a line. */
function counted<T>(of: T, parts: (of: T) => readonly (readonly [number, string])[]): string {
  return parts(of)
    .filter(([n]) => n > 0)
    .map(([n, what]) => `, ${n} ${what}`)
    .join('');
}

export function consumerText({ answered, duplicates, dropped, failures, seconds }: ConsumerSummary): string {
  const refused = Object.entries(failures).map(([code, n]) => `, ${n} ${code}`);
  return `${answered} activations answered in ${seconds} s, ${duplicates} duplicates, ${dropped} dropped${refused.join('')}`;
}
