/** docs/paper.md from the rows that have been run. */
import { rows, sweeps } from './rows.mjs';

const n2 = (x) => x.toFixed(2);
const n3 = (x) => x.toFixed(3);
const band = (v, text) => `${text(v.mean)} [${text(v.low)}, ${text(v.high)}]`;

/**
 * @param done results by row id
 * @param training the command that made LeNet
 */
export function page(done, training) {
  const names = [...new Set(rows.map((r) => r.name))];
  return `# The paper's tables beside ours

He, Zhang and Lee, “Model Inversion Attacks Against Collaborative Inference”, ACSAC 2019, attacked two networks at five cuts. The
same attacks, on networks of the same layers, with this program. Written by \`node scripts/paper/run.mjs --mnist DIR --cifar DIR\`;
the figures are in \`paper.json\`. Their scores are of a few pictures, without an interval; ours are of the victims under *n*, with
bootstrap 95 % intervals. *SSIM* is Wang et al. 2004 (what this program reports everywhere); *SSIM (paper)* is computed as the
paper's code does, with a 7×7 window and the range of the reconstruction, and is the one to compare with theirs. A guess that has
seen nothing scores what stands under *guess*. Seconds are of the machine that ran it, two cores, mostly
busy with other work, and some rows were stopped for minutes meanwhile: upper ends.

- The paper's white-box attacker has no pictures of its own. Ours chooses between waves that need none and the statistics of
  up to a thousand pictures of the training set, by trying both on six others of them.
- LeNet on MNIST: \`${training}\`
- CIFAR10CNN: \`models/cifar10cnn.onnx\`, whose card names its training: 20 000 of CIFAR-10's 50 000 training pictures. The paper
  trained on all of them, its attackers too. *Same set* is what the model was trained on, *same distribution* the test split
  without victims and gallery.
- Below the paper's by more than 0.05 of *SSIM (paper)*: *query-free, other set, same net* at conv1, *same set, other net* at
  ReLU2, and *Gaussian noise* at ReLU2. The reasons are not measured. We suppose that trainings of one shadow differ from each other;
  that a head of other layers need not answer at the places where the picture is; and that a decoder that has seen noise only is
  judged on pictures unlike it.
- The rMLE rows at ReLU22 and ReLU32 were measured with 40 pairs of L-BFGS instead of today's 24, the residual decoder at conv11
  before the linear path had a condition, which it meets there.

${names
  .map((name) => table(name, done))
  .filter(Boolean)
  .join('\n')}
${sweepTable(done)}## The commands

${[...rows, ...sweeps]
  .filter((r) => done[r.id])
  .map((r) => `- ${r.id}: \`${done[r.id].command}\``)
  .join('\n')}

Rows that are missing have not been run.
`;
}

function table(name, done) {
  const own = rows.filter((r) => r.name === name && done[r.id]);
  if (own.length === 0) return '';
  const lines = own.map(({ id, how, cut, published }) => {
    const r = done[id].results.at(-1);
    return `| ${cut} | ${n2(published[0])} / ${n3(published[1])} | ${how} | ${band(r.psnr, n2)} | ${band(r.ssim, n3)} | ${band(r.ssimPaper, n3)} | ${n2(r.baseline.psnr)} / ${n3(r.baseline.ssim)} | ${r.images} | ${r.seconds.toFixed(0)} |`;
  });
  return `## ${name[0].toUpperCase()}${name.slice(1)}

| cut | paper: PSNR / SSIM | ours | PSNR, dB | SSIM | SSIM (paper) | guess | n | seconds |
|---|---|---|---|---|---|---|---|---|
${lines.join('\n')}
`;
}

function sweepTable(done) {
  const lines = sweeps.flatMap(({ id, cut }) =>
    (done[id]?.results ?? []).map(
      (r) =>
        `| ${cut} | ${r.queries} | ${band(r.psnr, n2)} | ${band(r.ssim, n3)} | ${r.images} | ${r.seconds.toFixed(0)} |`,
    ),
  );
  if (lines.length === 0) return '';
  return `## How many queries a black-box attacker needs\n\nThe residual decoder after so many pictures asked of the device (same set).\n\n| cut | queries | PSNR, dB | SSIM | n | seconds |\n|---|---|---|---|---|---|\n${lines.join('\n')}\n\n`;
}
