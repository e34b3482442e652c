/**
 * `npm run bench:planner [-- --only ROW]… [--model FILE]… [--json]`: whether what the planner says comes true on this machine, now, of
 * the networks that ship or of others that have a card. A row is a file of this folder that exports `row = { name, about,
 * run(options, say) }`; run resolves with a value that JSON can hold and `text`, lines for people.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const folder = import.meta.dirname;
const files = readdirSync(folder).filter((f) => f.endsWith('.mjs') && f !== 'run.mjs');
const modules = await Promise.all(files.map((f) => import(join(folder, f))));
const rows = modules.flatMap((m) => (m.row ? [m.row] : []));

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: rows.map((r) => r.name) },
    json: { type: 'boolean', default: false },
    model: { type: 'string', multiple: true, default: [] },
    every: { type: 'string', default: '3' },
    images: { type: 'string', default: '250' },
    rounds: { type: 'string', default: '3' },
  },
});
const unknown = values.only.find((name) => !rows.some((r) => r.name === name));
if (unknown !== undefined) {
  process.stderr.write(`no row named ${unknown}; rows: ${rows.map((r) => r.name).join(', ')}\n`);
  process.exit(2);
}
const say = (line) => process.stderr.write(`${line}\n`);
const options = {
  models: values.model,
  every: Number(values.every),
  images: Number(values.images),
  rounds: Number(values.rounds),
};
const results = {};
for (const row of rows.filter((r) => values.only.includes(r.name))) {
  say(`${row.name}: ${row.about}`);
  const { text, ...result } = await row.run(options, say);
  results[row.name] = result;
  if (!values.json) process.stdout.write(`${row.name}: ${row.about}\n${text}\n\n`);
}
if (values.json)
  process.stdout.write(`${JSON.stringify({ format: 'cutline.bench-planner/1', ...results }, null, 2)}\n`);
