/**
 * Makes docs/paper.json and docs/paper.md: the tables of He et al. (2019) beside ours. Rows that are there already are left
 * alone; what an audit has finished it takes from its cache.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { page } from './page.mjs';
import { rows, subjects, sweeps } from './rows.mjs';

const { values } = parseArgs({
  options: {
    mnist: { type: 'string' },
    cifar: { type: 'string' },
    images: { type: 'string', default: '100' },
    only: { type: 'string' },
    work: { type: 'string', default: 'build/paper' },
    threads: { type: 'string' },
    again: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || !values.mnist || !values.cifar) {
  process.stderr.write(
    'Usage: scripts/paper/run.mjs --mnist DIR --cifar DIR [--only PATTERN] [--images N] [--threads N] [--again]\n',
  );
  process.exit(values.help ? 0 : 2);
}
const { work, images } = values;
const folders = { mnist: `mnist:${values.mnist}`, cifar: `cifar-10:${values.cifar}` };
const placeholders = { mnist: 'mnist:DIR', cifar: 'cifar-10:DIR' };
mkdirSync(work, { recursive: true });
const lenet = subjects.mnist.model(work);
const training = ['train', 'lenet', '--data', 'mnist:DIR', '--epochs', '5', '--out', lenet];
if (!existsSync(lenet)) cutline(training.map((a) => (a === 'mnist:DIR' ? folders.mnist : a)));

const path = 'docs/paper.json';
const kept = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { rows: {} };
for (const row of [...rows, ...sweeps]) {
  if (values.only && !new RegExp(values.only).test(row.id)) continue;
  if (kept.rows[row.id] && !values.again) continue;
  const { model } = subjects[row.subject];
  const args = (set) => ['audit', model(work), '--data', set, '--at', row.cut, '--images', images, ...row.options];
  process.stderr.write(`${row.id}\n`);
  const document = JSON.parse(
    cutline([...args(folders[row.subject]), ...(values.threads ? ['--threads', values.threads] : []), '--json']),
  );
  kept.rows[row.id] = {
    command: `cutline ${args(placeholders[row.subject]).join(' ')}`,
    results: document.results.map(summary),
  };
  writeFileSync(path, `${JSON.stringify(kept, null, 1)}\n`);
  writeFileSync('docs/paper.md', page(kept.rows, `cutline ${training.join(' ')}`));
}
writeFileSync('docs/paper.md', page(kept.rows, `cutline ${training.join(' ')}`));

function summary({ attack, images: n, psnr, ssim, ssimPaper, baseline, queries, seconds, iterations, parameters }) {
  return { attack, images: n, psnr, ssim, ssimPaper, baseline, queries, seconds, iterations, parameters };
}

function cutline(args) {
  const { status, stdout } = spawnSync(process.execPath, ['dist/cli/main.js', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) process.exit(status ?? 1);
  return stdout.toString();
}
