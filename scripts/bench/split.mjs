/** What splitting adds to an inference, and how long the event loop stands still: latency.mjs in a process of its own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { summary } from './measure.mjs';

export async function split({ rounds }) {
  const results = [];
  for (let i = 0; i < Math.min(rounds, 3); i++) {
    const script = join(import.meta.dirname, 'latency.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [script, '--images', '400', '--windows', '1'], {
      cwd: join(import.meta.dirname, '../..'),
      maxBuffer: 1 << 24,
    });
    results.push(JSON.parse(stdout));
  }
  const row = (name, pick, ms, note) => {
    const ours = summary(results.map(pick));
    return { name, unit: 'ms', ours, rival: null, target: { ms, met: ours.median <= ms }, note };
  };
  const alone = summary(results.map((r) => r.headAndTailAloneMs)).median;
  const shares = summary(results.map((r) => r.throughputOfSlowestPart.ratio));
  const share = {
    name: 'throughput, of the slowest part by itself',
    unit: '',
    ours: shares,
    rival: null,
    target: { ms: 0.8, met: shares.median >= 0.8 },
    note: 'decode and head, broker with the same bytes, tail',
  };
  return {
    title: 'The split on loopback (LeNet at ReLU2, three processes, 400 pictures one by one)',
    rows: [
      row('added latency, p50', (r) => r.addedMs.p50, 0.8, `head + tail alone: ${alone.toFixed(2)} ms`),
      share,
      row(
        'event loop, worst stall while a head runs',
        (r) => r.eventLoopWorstStallMs.whileHeadRuns,
        20,
        `idle: ${summary(results.map((r) => r.eventLoopWorstStallMs.idle)).median.toFixed(1)} ms`,
      ),
    ],
    notes: ['no rival; on a busy machine these are the machine’s figures, not ours'],
  };
}
