/** What was predicted beside what was measured: one line that nobody can read as better than it was. */
import { expect, it } from 'vitest';
import { cameTrue } from '../../src/report/came-true.ts';

const predicted = { total: 1.1, head: 0.2, encode: 0.1, network: 0.6, tail: 0.2 };
const measured = [0.9, 0.95, 1, 1, 1, 1, 1, 1, 1.05, 4];

it('says by how much the median and the worst twentieth were off', () => {
  expect(cameTrue({ ...predicted, p95: 2 }, measured)).toMatch(
    /^Predicted against measured latency: p50 1\.10 against 1\.00 ms \(\+10 %\); p95 2\.00 against \d\.\d\d ms \(-\d+ %\)\.$/,
  );
});

it('says nothing of a percentile that was not predicted, and what was not counted', () => {
  expect(cameTrue({ ...predicted, p95: null }, measured)).not.toContain('p95');
  expect(cameTrue({ ...predicted, total: 0.4, uncounted: 1.3 }, measured)).toMatch(
    /p50 0\.40 against 1\.00 ms \(-60 %\)\. About 1\.30 ms of the runtime itself are not counted/,
  );
});
