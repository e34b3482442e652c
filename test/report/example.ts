import type { CandidateEntry, ReportData } from '../../src/report/index.ts';

/** Leakage by cut as it may come out for LeNet, with noise of three strengths on the activation. */
const cuts = [
  { cut: 'input', ssim: 1, head: 0, bytes: 784 },
  { cut: 'conv1', ssim: 0.998, head: 0.9, bytes: 4608 },
  { cut: 'ReLU1', ssim: 0.99, head: 1, bytes: 4608 },
  { cut: 'pool1', ssim: 0.84, head: 1.1, bytes: 1152 },
  { cut: 'conv2', ssim: 0.79, head: 1.9, bytes: 4096 },
  { cut: 'ReLU2', ssim: 0.76, head: 2, bytes: 4096 },
  { cut: 'pool2', ssim: 0.52, head: 2.1, bytes: 1024 },
  { cut: 'fc1', ssim: 0.36, head: 2.6, bytes: 480 },
  { cut: 'fc1act', ssim: 0.31, head: 2.65, bytes: 480 },
  { cut: 'fc2', ssim: 0.2, head: 2.9, bytes: 336 },
  { cut: 'output', ssim: 0, head: 7.4, bytes: 0 },
];
const noise = [
  { defense: 'none', keeps: 1, accuracy: 0.894 },
  { defense: 'gauss(sd=0.2)', keeps: 0.8, accuracy: 0.891 },
  { defense: 'gauss(sd=0.5)', keeps: 0.5, accuracy: 0.879 },
  { defense: 'gauss(sd=1.5)', keeps: 0.2, accuracy: 0.71 },
];

const MAX_SSIM = 0.3;
const MIN_ACCURACY = 0.87;

function candidate(cut: (typeof cuts)[number], n: (typeof noise)[number], codec: string): CandidateEntry {
  const codes = codec === 'uint8' ? 0.25 : 1;
  const wireBytes = Math.round(cut.bytes * codes) + 60;
  const network = cut.cut === 'output' ? 0 : 2 + wireBytes / 1500;
  const tail = cut.cut === 'output' ? 0 : 1.6 - cut.head * 0.2;
  const encode = cut.cut === 'output' ? 0 : 0.1;
  const mean = cut.ssim * (cut.cut === 'output' ? 0 : n.keeps);
  const ssim = { mean, low: mean * 0.93, high: Math.min(1, mean * 1.08), worstDecile: Math.min(1, mean * 1.2) };
  const attacked = cut.cut !== 'fc2';
  const reasons = [
    ...(attacked && ssim.high > MAX_SSIM ? [`Leaks SSIM ${ssim.high.toFixed(2)}, at most ${MAX_SSIM} asked for.`] : []),
    ...(attacked ? [] : ['Not audited: no white-box attack was run on this cut with this defense.']),
    ...(n.accuracy < MIN_ACCURACY ? [`Leaves accuracy ${n.accuracy}, at least ${MIN_ACCURACY} asked for.`] : []),
  ];
  return {
    cut: cut.cut,
    defense: n.defense,
    codec,
    latencyMs: { total: cut.head + encode + network + tail, head: cut.head, encode, network, tail },
    sources: { head: 'measured', encode: 'modelled', network: 'published', tail: 'modelled' },
    energyMj: 12 + cut.head * 4 + wireBytes / 300,
    activationBytes: cut.bytes,
    wireBytes: cut.cut === 'output' ? 0 : wireBytes,
    accuracy: n.accuracy,
    leakage: attacked ? { threat: 'white-box', attack: 'rmle', ssim } : null,
    feasible: reasons.length === 0,
    reasons,
  };
}

const candidates = cuts.flatMap((cut) =>
  (cut.cut === 'input' || cut.cut === 'output' ? noise.slice(0, 1) : noise).flatMap((n) =>
    ['float32', 'uint8'].map((codec) => candidate(cut, n, codec)),
  ),
);
const chosen = candidates.filter((c) => c.feasible).reduce((a, b) => (b.latencyMs.total < a.latencyMs.total ? b : a));

/** Figures made up to try the page with; nothing in it was measured. */
export const example: ReportData = {
  title: 'Cutline report',
  created: '2026-11-24T10:00:00Z',
  model: { name: 'lenet-fashion-mnist.onnx', sha256: 'a1'.repeat(32) },
  data: { name: 'fashion-mnist', sha256: 'b2'.repeat(32), victims: 30 },
  plan: {
    chosen,
    candidates,
    thresholds: { threat: 'white-box', maxSsim: MAX_SSIM, objective: 'latency', minAccuracy: MIN_ACCURACY },
    audits: { run: 9, saved: 28 },
  },
  attacks: candidates
    .filter((c) => c.leakage && c.codec === 'float32' && c.cut !== 'input' && c.cut !== 'output')
    .map((c) => ({
      cut: c.cut,
      defense: c.defense,
      codec: c.codec,
      threat: 'white-box',
      attack: 'rmle',
      images: 30,
      ssim: c.leakage!.ssim,
      psnr: { mean: 8 + 30 * c.leakage!.ssim.mean, low: 8, high: 40 },
      baseline: { psnr: 9.4, ssim: 0.21 },
      reidentification: { rank1: c.leakage!.ssim.mean, gallery: 200 },
      accuracy: c.accuracy,
      seconds: 12.3,
    })),
  run: {
    images: 200,
    latencyMs: Array.from(
      { length: 200 },
      (_, i) => 5 + 2 * Math.abs(Math.sin(i * 12.9898)) ** 3 + (i % 50 === 0 ? 4 : 0),
    ),
    accuracy: { split: 0.88, unsplit: 0.895 },
    agreement: 0.985,
  },
  environment: {
    Machine: 'made up',
    Engine: 'onnxruntime 1.30',
    Node: 'v20.20.2',
    'Device profile': 'raspberry-pi-4 (published)',
  },
  digests: { Audit: 'c3'.repeat(32), Plan: 'd4'.repeat(32) },
};
