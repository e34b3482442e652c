/**
 * Whether the rival is a fair one. PyTorch multiplies matrices with whatever BLAS the system has; Debian's reference BLAS is
 * some thirty times slower than OpenBLAS, and nothing in PyTorch says so.
 */
import { float32, GraphBuilder, sizeOf } from '../../dist/model/index.js';
import { createRandom } from '../../dist/random.js';
import { timed } from './measure.mjs';

/** As in torch/blas.py: what a fully connected layer of 2048 → 512 multiplies for 64 pictures. */
const [rows, inputs, outputs] = [64, 2048, 512];
export const gemmName = `gemm ${inputs}→${outputs}, ${rows} rows`;
const flops = 2 * rows * inputs * outputs;
/** Optimised libraries are within a factor of two of each other; this many times slower than ours is none. */
const farSlower = 6;

/** By a library's file or the folder it lies in: Debian's alternatives are all called libblas.so.3. */
const libraries = [
  ['OpenBLAS', /openblas/],
  ['MKL', /libmkl/],
  ['BLIS', /blis/],
  ['ATLAS', /atlas/],
  ['Arm Performance Libraries', /libarmpl/],
];

/**
 * @param {{provider: string | null, openblas: {kernel: string, version: string} | null, built: string}} facts
 *   the file that PyTorch's matrix product is in, the OpenBLAS in memory, and what PyTorch says of its own build
 * @returns {{name: string, kernel?: string, reference: boolean, path: string | null}}
 */
export function blasOf({ provider: path, openblas, built }) {
  const name = path && libraries.find(([, pattern]) => pattern.test(path))?.[0];
  if (name === 'OpenBLAS' && openblas) {
    return { name: `${name} ${openblas.version}`, kernel: openblas.kernel, reference: false, path };
  }
  if (name) return { name, reference: false, path };
  if (path && /\/lib(ref|c)?blas\.so[^/]*$/.test(path)) return { name: 'the reference BLAS', reference: true, path };
  // Wheels from PyPI have their BLAS inside.
  if (/BLAS_INFO=mkl/.test(built)) return { name: 'MKL (built in)', reference: false, path };
  return { name: 'an unknown BLAS', reference: false, path };
}

/**
 * Asks the rival what it multiplies with, and lets both multiply.
 * @returns {Promise<{blas: ReturnType<typeof blasOf>, onednn: boolean, gemm: {ours: object, rival: object, cpuRatio: number}, fair: boolean}>}
 */
export async function examine(engine, torch) {
  const facts = await torch.ask({ do: 'blas' });
  const ours = await ourGemm(engine);
  const blas = blasOf(facts);
  const cpuRatio = facts.gemm.cpu / ours.cpu;
  return {
    blas,
    onednn: facts.onednn,
    gemm: { ours, rival: facts.gemm, cpuRatio },
    fair: !blas.reference && cpuRatio < farSlower,
  };
}

async function ourGemm(engine) {
  const random = createRandom(4);
  const value = (shape) => float32(random.fillUniform(new Float32Array(sizeOf(shape)), 0, 1), shape);
  const b = new GraphBuilder(17);
  b.input('x', 'float32', [rows, inputs]);
  b.op('Gemm', ['x', b.initializer(value([outputs, inputs]), 'w')], { transB: 1 }, 'y');
  b.output('y', 'float32', [rows, outputs]);
  const session = await engine.load(b.build());
  const feeds = { x: value([rows, inputs]) };
  const repeats = 20;
  const times = [];
  for (let round = 0; round < 8; round++) {
    const { wall, cpu } = await timed(() => session.time(feeds, { warmups: 0, repeats }));
    times.push({ wall: wall / repeats, cpu: cpu / repeats });
  }
  await session.close();
  const least = (clock) => Math.min(...times.slice(1).map((t) => t[clock]));
  return { wall: least('wall'), cpu: least('cpu') };
}

/** How the rival is called in tables: what multiplies its matrices is part of its name. */
export function rivalName(torch, { blas }) {
  return [torch, blas.name, blas.kernel].filter(Boolean).join(', ');
}

/** What is known of the rival, in lines to read; the loud ones begin with `!!!`. */
export function examinationText(torch, { blas, onednn, gemm, fair }) {
  const gigaflops = (seconds) => (flops / seconds / 1e9).toFixed(0);
  const ms = (seconds) => (seconds * 1000).toFixed(2);
  const kernel = blas.kernel ? `, kernel ${blas.kernel}` : '';
  const lines = [
    `${torch} multiplies matrices by ${blas.name}${kernel}${blas.path ? ` (${blas.path})` : ''}; convolutions ${onednn ? 'by oneDNN' : 'without oneDNN'}`,
    `${gemmName}: theirs ${ms(gemm.rival.wall)} ms (${ms(gemm.rival.cpu)} of processor time, ${gigaflops(gemm.rival.cpu)} GFLOP/s), ` +
      `ours ${ms(gemm.ours.wall)} ms (${ms(gemm.ours.cpu)}, ${gigaflops(gemm.ours.cpu)} GFLOP/s)`,
  ];
  if (!fair) {
    lines.push(
      `!!! THE RIVAL IS NOT FAIR: it multiplies ${gemm.cpuRatio.toFixed(0)} times slower than ours, by ${blas.name}. Every ratio below with`,
      '!!! matrix products in it flatters us. On Debian: apt install libopenblas0-pthread.',
    );
  }
  if (!onednn) lines.push('!!! The rival convolves without oneDNN: ratios of convolutions flatter us.');
  return lines;
}
