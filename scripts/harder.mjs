/**
 * Attackers harder than those of any protocol, on the code of a hardened network: decoders of three widths by two losses with all
 * pictures that there are, the best of them on the answer too, rMLE begun at its picture, and somebody who learns to find pictures again
 * from their codes.
 */
import { parseArgs } from 'node:util';
import { openDataset, preprocessingFor } from '../dist/data/index.js';
import { createComputingEngine } from '../dist/engine/index.js';
import { openNetwork } from '../dist/model/index.js';
import { runAudit, Subject } from '../dist/privacy/audit/index.js';
import { foundAgain } from './harder/reidentifier.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string' },
    channels: { type: 'string' },
    queries: { type: 'string' },
    images: { type: 'string', default: '100' },
    threads: { type: 'string', default: '1' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const [path] = positionals;
const isChoice = [undefined, 'decoders', 'reidentifier'].includes(values.only);
if (values.help || !path || !values.data || !isChoice) {
  process.stderr.write(
    'Usage: scripts/harder.mjs HARDENED --data SET [--channels N: of the code that are sent] [--queries N] [--images N] [--threads N] [--only decoders|reidentifier]\n',
  );
  process.exit(values.help ? 0 : 2);
}

const engine = await createComputingEngine({ threads: Number(values.threads) });
const { graph, sha256 } = await openNetwork(path, { shapes: [] }, engine);
const preprocessing = await preprocessingFor(path, {});
const data = await openDataset(values.data, { size: preprocessing, note: () => {} });
const subject = await Subject.open(engine, graph, preprocessing, { path });
const queries = Number(values.queries ?? data.train.count);
const images = Number(values.images);
if (!(images >= 1 && images <= data.test.count && queries >= 100 && queries <= data.train.count)) {
  process.stderr.write(`--images 1 to ${data.test.count}, --queries 100 to ${data.train.count}\n`);
  process.exit(2);
}
const say = (line) => process.stdout.write(`${line}\n`);

const ofCode = {
  cuts: ['code'],
  codecs: ['code'],
  defenses: [values.channels ? `prefix(channels=${values.channels})` : 'none'],
};
/** What a route through any code gives away in the end. */
const ofAnswer = { cuts: ['output'], defenses: ['none'] };

/** What the attacks named find, a line each. */
async function attacked(label, attacks, inverseNetwork, of = ofCode) {
  const { cells } = await runAudit([engine], subject, data, {
    modelSha256: sha256,
    ...of,
    images,
    seed: 1,
    attacks,
    rmle: { solver: 'lbfgs' },
    inverseNetwork: { queries: [queries], ...inverseNetwork },
    observations: [1],
  });
  const [cell] = cells;
  for (const { attack, ssim, psnr, reidentification, seconds } of cell.results) {
    const [mean, low, high, worst] = [ssim.mean, ssim.low, ssim.high, ssim.worstDecile].map((v) => v.toFixed(3));
    const found = (100 * reidentification.rank1).toFixed(0);
    say(
      `${label}, ${attack}: SSIM ${mean} [${low}, ${high}], worst tenth ${worst}, ${psnr.mean.toFixed(1)} dB, found again ${found} %, ${seconds.toFixed(0)} s`,
    );
  }
  for (const { attack, message } of cell.failed) say(`${attack} failed: ${message}`);
  return { similarity: cell.results[0]?.ssim.mean ?? 0, decoder: [...cell.decoders.values()][0] };
}

if (values.only !== 'reidentifier') {
  let best;
  for (const width of [24, 64, 128]) {
    for (const loss of ['mse', 'mse+ssim']) {
      const label = `width ${width}, ${loss}`;
      const found = await attacked(label, ['inverse-network'], { loss, size: { width, blocks: 2 } });
      if (!best || found.similarity > best.similarity) best = { ...found, label, loss, width };
    }
  }
  // By attackers as hard, since the floor is otherwise told by an easier one.
  const { label, loss, width } = best;
  if (!values.channels)
    await attacked(`the answer, ${label}`, ['inverse-network'], { loss, size: { width, blocks: 2 } }, ofAnswer);
  if (best.decoder) await attacked(`from ${best.label}`, ['hybrid'], { trained: best.decoder });
}
if (values.only !== 'decoders') {
  for (const of of ['code', 'answer']) {
    const { learnt, compared, gallery } = await foundAgain(engine, subject, data, {
      of,
      channels: values.channels === undefined ? undefined : Number(values.channels),
      queries,
      images,
    });
    const [one, other] = [learnt, compared].map((share) => (100 * share).toFixed(0));
    say(
      `by the ${of}, of ${images} among ${gallery}: found again by who learnt to compare ${one} %, by who runs the network on all of them ${other} %`,
    );
  }
}
await engine.close();
