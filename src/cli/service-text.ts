/** Summaries of agent and consumer for people. */
import type { ConsumerSummary } from '../cloud/index.ts';
import type { AgentSummary } from '../device/index.ts';
import { table } from './output.ts';

export function agentText(summary: AgentSummary): string {
  const { inferences, latencyMs, resends, lateTwins, reconnects, hostile } = summary;
  const head = `${inferences.answered} of ${inferences.total} inferences answered in ${summary.seconds} s, cut at ${summary.cut}, ${summary.codec}, defense ${summary.defense}${summary.stopped ? ', stopped' : ''}`;
  const trouble = `${resends} sent again, ${lateTwins} late twins, ${reconnects} reconnections, ${hostile} foreign messages dropped`;
  if (!latencyMs) return `${head}\n${trouble}`;
  const rows = Object.entries(latencyMs).map(([part, s]) => [
    part,
    s.p50.toFixed(2),
    s.p95.toFixed(2),
    s.max.toFixed(2),
  ]);
  return [head, table([['latency, ms', 'p50', 'p95', 'max'], ...rows]), trouble].join('\n');
}

export function consumerText({ answered, duplicates, dropped, failures, seconds }: ConsumerSummary): string {
  const refused = Object.entries(failures).map(([code, n]) => `, ${n} ${code}`);
  return `${answered} activations answered in ${seconds} s, ${duplicates} duplicates, ${dropped} dropped${refused.join('')}`;
}
