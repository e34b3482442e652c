#!/usr/bin/env node
/**
 * scripts/zoo/audit.mjs [DIR] [--model ID]… [--attack NAME]… [--images 8] [--iterations 100] [--queries N] [--threads 1]:
 * audits the five cuts of each network with each attack, one run of the command a cell, and keeps every cell's JSON and
 * sheet in DIR/results. What is there already is not run again, so it can be stopped and gone on with.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { models } from './catalogue.mjs';
import { cellName } from './cells.mjs';

const text = { type: 'string' };
const many = { type: 'string', multiple: true };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { model: many, attack: many, images: text, iterations: text, queries: text, threads: text },
});
const dir = resolve(positionals[0] ?? 'zoo');
const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const wanted = values.model ?? ['mobilefacenet', 'blazeface', 'shufflenetv2'];
const unknown = wanted.filter((id) => !models.some((m) => m.id === id));
if (unknown.length > 0) {
  console.error(`No network ${unknown.join(', ')}. There are ${models.map((m) => m.id).join(', ')}.`);
  process.exit(2);
}

let failed = 0;
// Attack by attack: a sweep that is stopped has every cut by the first one.
for (const attack of values.attack ?? ['rmle', 'inverse-network']) {
  for (const model of wanted.map((id) => models.find((m) => m.id === id))) {
    for (const cut of model.cuts) if (!audit(model, cut, attack)) failed++;
  }
}
process.exit(failed > 0 ? 1 : 0);

function audit(model, cut, attack) {
  const out = join(dir, 'results', model.id);
  const base = join(out, cellName(model, cut, attack));
  if (existsSync(`${base}.json`)) return true;
  mkdirSync(out, { recursive: true });
  const learns = attack !== 'rmle';
  const args = [
    ...['audit', join(dir, `${model.id}.onnx`), '--data', join(dir, 'pictures'), '--at', cut, '--attack', attack],
    ...[
      '--images',
      values.images ?? '8',
      '--iterations',
      values.iterations ?? '100',
      '--threads',
      values.threads ?? '1',
    ],
    ...(learns && values.queries ? ['--queries', values.queries] : []),
    ...(model.shape ? ['--shape', model.shape] : []),
    ...['--sheet', `${base}.png`, '--out', `${base}.json`],
  ];
  console.error(`${model.id} ${cut} ${attack}`);
  return spawnSync(process.execPath, [command, ...args], { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}
