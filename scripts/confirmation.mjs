// How often is a plan's claim wrong, search and choice included? Resamples the victims of a finished audit: each run searches on
// some of them, confirms on others, and what it claims is held against the mean over all.
//   cutline audit MODEL --data SET --images 1000 … --out AUDIT.json
//   node scripts/confirmation.mjs AUDIT.json [--runs 1000] [--protocol standard] [--seed 1] [--scores FILE]
// --scores writes what was resampled, for a test that does the same.
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { confidenceFor, readProtocol } from '../dist/plan/index.js';
import { resampled } from '../dist/privacy/audit/resampled.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '1000' },
    protocol: { type: 'string', default: 'standard' },
    seed: { type: 'string', default: '1' },
    scores: { type: 'string' },
  },
});
if (positionals.length !== 1)
  throw new Error('usage: node scripts/confirmation.mjs AUDIT.json [--runs N] [--protocol P]');
const protocol = await readProtocol(values.protocol);
const { results } = JSON.parse(await readFile(positionals[0], 'utf8'));
/** By candidate: a row of scores for each attack. */
const groups = new Map();
for (const r of results) {
  const key = `${r.cut} ${r.defense}`;
  groups.set(key, [...(groups.get(key) ?? []), r]);
}
const candidates = [...groups.values()].map((list) => list.map((r) => r.perImage.ssim));
if (values.scores)
  await writeFile(
    values.scores,
    JSON.stringify(candidates.map((c) => c.map((s) => s.map((v) => Number(v.toFixed(3)))))),
  );

const percent = (n, of) => (of ? `${((100 * n) / of).toFixed(1)} %` : '–').padStart(12);
console.log(`${candidates.length} candidates, ${candidates[0][0].length} victims, ${values.runs} runs each`);
console.log('max-ssim  searched on  confirmed on    plans  claim too low  mean above max-ssim');
for (const maxSsim of [0.35, 0.4, 0.45, 0.5, 0.55, 0.6]) {
  for (const [searched, confirmation] of [
    [10, null],
    [protocol.victims, null],
    [protocol.victims, { ...protocol.confirmation, confidence: confidenceFor(protocol) }],
  ]) {
    const found = resampled(candidates, {
      maxSsim,
      searched,
      confirmation,
      runs: Number(values.runs),
      seed: Number(values.seed),
    });
    console.log(
      [
        String(maxSsim).padEnd(8),
        String(searched).padStart(12),
        String(confirmation?.victims ?? '–').padStart(13),
        String(found.plans).padStart(8),
        percent(found.tooLow, found.plans),
        percent(found.above, found.plans),
      ].join(' '),
    );
  }
}
