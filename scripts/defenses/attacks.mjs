/** One row: a defence at a cut, attacked by somebody who knows it and by somebody who does not. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { openDataset, preprocessingFor } from '../../dist/data/index.js';
import { createComputingEngine } from '../../dist/engine/index.js';
import { loadModel, openNetwork, saveModel } from '../../dist/model/index.js';
import { runAudit, Subject } from '../../dist/privacy/audit/index.js';
import { proportion } from './figures.mjs';
import { isRandom } from './rows.mjs';

/** Pictures of a run that are kept for sheets. */
const shown = 10;

/** A network with its pictures, open. */
export async function openPlace(subject, folder, { work, threads }) {
  const engine = await createComputingEngine({ engine: 'onnxruntime', threads });
  const model = subject.model(work);
  const { graph, sha256 } = await openNetwork(model, { shapes: [] }, engine);
  const preprocessing = await preprocessingFor(model, {});
  const data = await openDataset(folder, { size: preprocessing, note: () => {} });
  const opened = await Subject.open(engine, graph, preprocessing, { path: model });
  return { engine, subject: opened, sha256, data, about: subject, work };
}

/**
 * @param row one of rows.mjs
 * @returns what docs/defenses.json keeps of it
 */
export async function attackRow(place, row) {
  const { attacks, unaware: ignorant } = place.about;
  const one = await run(place, row, { observations: 1, attacks: [...attacks, 'answer'] });
  const many = isRandom(row.defense) ? await run(place, row, { observations: 16, attacks }) : undefined;
  const trained = ignorant.includes('inverse-network') ? await plainDecoder(place, row, one) : undefined;
  const unaware =
    row.defense === 'none' ? undefined : await run(place, row, { adaptive: false, trained, attacks: ignorant });
  const { accuracy, accuracyImages, defense } = one.cell.results[0];
  return {
    resolved: defense,
    images: one.cell.results[0].images,
    guess: one.cell.results[0].baseline.ssim,
    accuracy: proportion(accuracy, accuracyImages),
    knowing: { 1: summary(one.cell), ...(many && { 16: summary(many.cell) }) },
    ...(unaware && { unaware: { 1: summary(unaware.cell) } }),
  };
}

async function run(place, row, { attacks: names, observations = 1, adaptive = true, trained }) {
  const { queries } = place.about;
  const { cells, auditor } = await runAudit([place.engine], place.subject, place.data, {
    modelSha256: place.sha256,
    cuts: [row.cut],
    defenses: [row.defense],
    images: place.about.images,
    seed: 1,
    attacks: names,
    rmle: { solver: 'lbfgs' },
    inverseNetwork: { ...(queries && { queries: [queries] }), ...(trained && { trained }) },
    observations: [observations],
    adaptive,
  });
  const [cell] = cells;
  await keepPictures(place, row, adaptive ? `${observations}` : 'unaware', cell.pictures, auditor.truth.victims);
  for (const { attack, message } of [...cell.failed, ...(cell.skipped ?? [])]) console.error(`  ${attack}: ${message}`);
  return { cell };
}

/** Whoever knows no mechanism has trained on what the bare head makes of pictures: once for all rows of a cut. */
async function plainDecoder(place, row, here) {
  const path = `${place.work}/decoder-${row.subject}-${row.cut}.onnx`;
  if (row.defense !== 'none' && existsSync(path)) return loadModel(path);
  const none = { ...row, id: `${row.subject} ${row.cut} none`, defense: 'none' };
  const { cell } = row.defense === 'none' ? here : await run(place, none, { attacks: ['inverse-network'] });
  const decoder = cell.decoders.get(`inverse-network:${place.about.queries}`);
  await saveModel(decoder, path);
  return decoder;
}

function summary({ results }) {
  return results.map(({ attack, ssim, psnr, seconds, iterations, parameters }) => ({
    attack,
    ssim,
    psnr,
    seconds,
    iterations,
    parameters,
  }));
}

const picturesPath = (work, row, seen) => `${work}/pictures/${row.id.replace(/[^a-z0-9.]+/gi, '-')}-${seen}.json`;

async function keepPictures({ work }, row, seen, pictures, truth) {
  if (!pictures) return;
  await mkdir(`${work}/pictures`, { recursive: true });
  await writeFile(picturesPath(work, row, seen), JSON.stringify(first(pictures)));
  await writeFile(picturesPath(work, { id: row.subject }, 'truth'), JSON.stringify(first(truth)));
}

function first({ channels, height, width, data }) {
  const digits = Array.from(data.subarray(0, shown * channels * height * width), (v) => Number(v.toFixed(3)));
  return { count: shown, channels, height, width, data: digits };
}

/** @param seen `1`, `16`, `unaware`, or `truth` of a subject */
export async function picturesOf(work, row, seen) {
  const found = JSON.parse(await readFile(picturesPath(work, row, seen), 'utf8'));
  return { ...found, data: Float32Array.from(found.data) };
}
