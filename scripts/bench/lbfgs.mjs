/** What L-BFGS reconstructs, and at the hard cut its time against PyTorch's Adam. */
import { lbfgsSolver } from '../../dist/privacy/attacks/solvers/lbfgs-solver.js';
import { rough } from '../../dist/privacy/attacks/start.js';
import { createRandom } from '../../dist/random.js';
import { race } from './measure.mjs';
import { hasShared, openProblem } from './networks.mjs';
import { solve } from './quality.mjs';
import { count, openTorchProblem } from './rmle.mjs';

const exact = [
  { network: 'lenet', cut: 'conv1', iterations: 200, tv: 0, psnr: 80 },
  { network: 'cifar10cnn', cut: 'conv11', iterations: 200, tv: 0, psnr: 100 },
];
/** λ of the reference models' README (there 19.95 dB, .813 on four victims after 300 steps); the steps of an audit. */
const hard = { network: 'cifar10cnn', cut: 'ReLU22', iterations: 600, tv: 0.003, psnr: 19.5, ssim: 0.78 };
const adamIterations = 500;
/** A tenth of PyTorch's 500 iterations is run before and after ours, and scaled. */
const share = 50;

export async function lbfgs({ engine, torch }) {
  const title = 'rMLE with L-BFGS';
  if (!(await hasShared())) return { title, rows: [], missing: 'the reference models and pictures (CUTLINE_SHARED)' };
  const rows = [];
  for (const c of exact) {
    const problem = await openRough(engine, c);
    const { psnr, ssim, seconds } = await solve(lbfgsSolver, engine, problem, c.tv, c.iterations);
    rows.push(qualityRow(c, { psnr, ssim, seconds }));
  }
  const problem = await openRough(engine, hard);
  const adam = async () => (await torch.ask({ do: 'rmle', name: 'hard', iterations: share })).seconds;
  if (torch) {
    await openTorchProblem(torch, 'hard', problem, 10);
    await adam();
  }
  const before = torch && (await adam());
  const reached = await solve(lbfgsSolver, engine, problem, hard.tv, hard.iterations);
  const after = torch && (await adam());
  rows.push(qualityRow(hard, reached));
  const scaled = torch && (((before + after) / 2) * adamIterations) / share;
  rows.push(
    race(
      `${hard.network} ${hard.cut}: L-BFGS ${hard.iterations} against four times Adam ${adamIterations}`,
      { ours: [reached.seconds], rival: torch && [4 * scaled] },
      {
        unit: 's',
        of: (s) => s,
        rival: torch?.name,
        target: 1,
        note: `one run; graph building and loading included; PyTorch's time scaled from ${2 * share} iterations`,
      },
    ),
  );
  return { title, rows, notes: [] };
}

/** The start that L-BFGS has in an audit: grey, and a little rough. */
async function openRough(engine, { network, cut }) {
  const problem = await openProblem(engine, network, cut, count);
  return { ...problem, start: rough(count, { ...problem, random: createRandom(1) }, 'start') };
}

function qualityRow({ network, cut, tv, iterations, psnr, ssim }, reached) {
  const met = reached.psnr >= psnr && (ssim === undefined || reached.ssim >= ssim);
  return {
    name: `${network} ${cut}, λ ${tv}, ${iterations} it, n=${count}`,
    unit: 'dB, SSIM',
    ours: { psnr: reached.psnr, ssim: reached.ssim, seconds: reached.seconds },
    rival: null,
    target: { psnr, ...(ssim !== undefined && { ssim }), met },
  };
}
