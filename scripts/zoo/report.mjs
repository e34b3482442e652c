#!/usr/bin/env node
/**
 * scripts/zoo/report.mjs [DIR]: from the cells that scripts/zoo/audit.mjs left in DIR/results, one contact sheet a network
 * into docs/zoo/ and the tables of docs/zoo.md, between its marks. Cells that are missing are said to be missing.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { models } from './catalogue.mjs';
import { cellName } from './cells.mjs';

const dir = resolve(process.argv[2] ?? 'zoo');
const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const attacks = ['rmle', 'inverse-network', 'hybrid'];
/** As contactSheet in src/report draws them. */
const [margin, gap, truthGap] = [24, 6, 16];
const mostBytes = 400_000;

mkdirSync(join(docs, 'zoo'), { recursive: true });
const tables = [];
for (const model of models) {
  const cells = model.cuts
    .flatMap((cut) => attacks.map((attack) => join(dir, 'results', model.id, cellName(model, cut, attack))))
    .filter((base) => existsSync(`${base}.json`) && existsSync(`${base}.png`))
    .map((base) => ({ base, results: JSON.parse(readFileSync(`${base}.json`, 'utf8')).results }));
  if (cells.length === 0) continue;
  await stitch(
    cells.map(({ base }) => `${base}.png`),
    join(docs, 'zoo', `${model.id}.png`),
  );
  const found = cells.flatMap(({ results }) => results);
  const bytes = activationBytes(model);
  const missing = model.cuts.filter((cut) => !found.some((r) => r.cut === cut));
  tables.push(
    `### ${model.name}`,
    '',
    `![Truth above, a row for each cut and attack below](zoo/${model.id}.png)`,
    '',
    '| cut | activation bytes | attack | threat | n | SSIM (95 %) | blind guess | gain | PSNR dB (95 %) | rank-1 | seconds |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...found.map((result) => row(result, bytes.get(result.cut))),
    '',
    ...(missing.length > 0 ? [`Not audited yet: ${missing.map((c) => `\`${c}\``).join(', ')}.`, ''] : []),
  );
}
const page = join(docs, 'zoo.md');
const [before, after] = ['<!-- tables -->', '<!-- /tables -->'];
const text = readFileSync(page, 'utf8');
const start = text.indexOf(before) + before.length;
const end = text.indexOf(after);
if (start < before.length || end < 0) throw new Error(`${page} lacks ${before} … ${after}`);
writeFileSync(page, `${text.slice(0, start)}\n\n${tables.join('\n')}\n${text.slice(end)}`);

/** By cut. */
function activationBytes({ id, shape }) {
  const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const args = ['inspect', join(dir, `${id}.onnx`), ...(shape ? ['--shape', shape] : []), '--json'];
  const { cuts } = JSON.parse(execFileSync(process.execPath, [command, ...args], { maxBuffer: 1 << 28 }).toString());
  return new Map(cuts.map((cut) => [cut.id, cut.activationBytes]));
}

function row({ cut, attack, threat, images, ssim, psnr, baseline, reidentification, seconds }, bytes) {
  const shown = cut.replace('StatefulPartitionedCall/functional_1/', '…/');
  const gain = ssim.mean - baseline.ssim;
  return `| ${[
    `\`${shown}\``,
    bytes,
    attack,
    threat,
    images,
    `${ssim.mean.toFixed(3)} (${ssim.low.toFixed(3)} … ${ssim.high.toFixed(3)})`,
    baseline.ssim.toFixed(3),
    `${gain < 0 ? '−' : '+'}${Math.abs(gain).toFixed(3)}`,
    `${psnr.mean.toFixed(1)} (${psnr.low.toFixed(1)} … ${psnr.high.toFixed(1)})`,
    reidentification ? `${(100 * reidentification.rank1).toFixed(0)} % of ${reidentification.gallery}` : '–',
    seconds.toFixed(0),
  ].join(' | ')} |`;
}

/** The sheets of one network below each other: the truth of the first, the row of each. Scaled until it is small enough. */
async function stitch(paths, to) {
  const { width, height } = await sharp(paths[0]).metadata();
  const rowHeight = (height - 2 * margin - truthGap + gap) / 2;
  const top = margin + rowHeight + truthGap;
  const total = top + paths.length * rowHeight - gap + margin;
  const head = await sharp(paths[0])
    .extract({ left: 0, top: 0, width, height: Math.round(top - truthGap / 2) })
    .toBuffer();
  const rows = await Promise.all(
    paths.map((path) =>
      sharp(path)
        .extract({ left: 0, top: Math.round(top), width, height: Math.round(rowHeight - gap) })
        .toBuffer(),
    ),
  );
  const whole = await sharp({ create: { width, height: Math.round(total), channels: 3, background: '#fff' } })
    .composite([
      { input: head, left: 0, top: 0 },
      ...rows.map((input, i) => ({ input, left: 0, top: Math.round(top + i * rowHeight) })),
    ])
    .png()
    .toBuffer();
  for (let wide = Math.min(width, 1200); ; wide = Math.round(wide * 0.85)) {
    const small = await sharp(whole).resize({ width: wide }).png({ palette: true, colours: 192, effort: 8 }).toBuffer();
    if (small.length <= mostBytes || wide < 400) {
      writeFileSync(to, small);
      return;
    }
  }
}
