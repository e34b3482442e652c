/** What L-BFGS reconstructs, and at the hard cut its time against PyTorch's Adam. */
import { lbfgsSolver } from '../../dist/privacy/attacks/solvers/lbfgs-solver.js';
import { rough } from '../../dist/privacy/attacks/start.js';
import { createRandom } from '../../dist/random.js';
import { race, scaled } from './measure.mjs';
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

export async function lbfgs({ engine, torch, busy }) {
  const title = 'rMLE with L-BFGS';
  if (!(await hasShared())) return { title, rows: [], missing: 'the reference models and pictures (CUTLINE_SHARED)' };
  const rows = [];
  for (const c of exact) {
    const problem = await openRough(engine, c);
    rows.push(qualityRow(c, await solve(lbfgsSolver, engine, problem, c.tv, c.iterations)));
  }
  const problem = await openRough(engine, hard);
  const adam = () => torch.ask({ do: 'rmle', name: 'hard', iterations: share });
  if (torch) {
    await openTorchProblem(torch, 'hard', problem, 10);
    await adam();
  }
  const before = torch && (await adam());
  const reached = await solve(lbfgsSolver, engine, problem, hard.tv, hard.iterations);
  const after = torch && (await adam());
  rows.push(qualityRow(hard, reached));
  const adamTimes = torch && [before, after].map((t) => scaled(t, (4 * adamIterations) / share));
  rows.push(
    race(
      `${hard.network} ${hard.cut}: L-BFGS ${hard.iterations} against four times Adam ${adamIterations}`,
      { ours: Array(2).fill(reached.times), rival: adamTimes },
      {
        unit: 's',
        of: (s) => s,
        rival: torch?.name,
        target: 1,
        busy,
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
    ours: { psnr: reached.psnr, ssim: reached.ssim, seconds: reached.times.wall },
    rival: null,
    target: { psnr, ...(ssim !== undefined && { ssim }), met },
  };
}
