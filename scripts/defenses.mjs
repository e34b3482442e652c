/**
 * Makes docs/defenses.json and docs/defenses.md: what defences cost and what they are worth, in front of an attacker who
 * knows them and one who does not. Rows that are there already are left alone, so that it can be stopped and gone on with.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { attackRow, openPlace } from './defenses/attacks.mjs';
import { drawSheets } from './defenses/draw.mjs';
import { page } from './defenses/page.mjs';
import { chosen, rows, subjects } from './defenses/rows.mjs';

const { values } = parseArgs({
  options: {
    mnist: { type: 'string' },
    cifar: { type: 'string' },
    only: { type: 'string', multiple: true },
    work: { type: 'string', default: 'build/paper' },
    threads: { type: 'string', default: '1' },
    again: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || !values.mnist || !values.cifar) {
  process.stderr.write(
    'Usage: scripts/defenses.mjs --mnist DIR --cifar DIR [--only ROW]… [--threads N] [--again]\nROW: a row’s name, such as "lenet ReLU2 quant(bits=1)", or its beginning; without one, those that are run by default\n',
  );
  process.exit(values.help ? 0 : 2);
}
const { work, only, again } = values;
const folders = { mnist: `mnist:${values.mnist}`, 'cifar-10': `cifar-10:${values.cifar}` };
const path = 'docs/defenses.json';
const kept = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { rows: {} };
const wanted = chosen(rows, only).filter((row) => again || !kept.rows[row.id]);

mkdirSync(work, { recursive: true });
let open;
for (const row of wanted) {
  const subject = subjects[row.subject];
  if (open?.subject !== row.subject) {
    await open?.place.engine.close();
    const folder = folders[subject.data];
    const model = subject.model(work);
    if (!existsSync(model)) train(folder, model);
    const options = { work, threads: Number(values.threads) };
    open = { subject: row.subject, place: await openPlace(subject, folder, options) };
  }
  const started = performance.now();
  const found = await attackRow(open.place, row);
  const command = `npm run defenses -- --mnist DIR --cifar DIR --again --only '${row.id}'`;
  kept.rows[row.id] = { command, ...found };
  writeFileSync(path, `${JSON.stringify(kept, null, 1)}\n`);
  writeFileSync('docs/defenses.md', page(kept.rows));
  process.stderr.write(`${row.id}: ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
}
await open?.place.engine.close();
await drawSheets(work, kept.rows);
writeFileSync('docs/defenses.md', page(kept.rows));

function train(folder, out) {
  const args = ['dist/cli/main.js', 'train', 'lenet', '--data', folder, '--epochs', '5', '--out', out];
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}
