// How long it takes to price, judge and choose among many candidates: made up, of the size of a large network's.
import { search } from '../../../dist/planner/search.js';

const figure = (value, unit) => ({ value, unit, source: 'modelled' });
const roof = { macsPerS: figure(1e9, 'MAC/s'), bytesPerS: figure(1e9, 'B/s') };
const machine = {
  format: 'cutline.profile/1',
  name: 'machine',
  compute: {
    classes: { conv: roof, depthwise: roof, matmul: roof, elementwise: roof },
    nodeOverheadMs: figure(0.01, 'ms'),
    callOverheadMs: figure(0.1, 'ms'),
  },
};
const link = {
  format: 'cutline.profile/1',
  name: 'link',
  link: { rttMs: figure(5, 'ms'), uplinkBps: figure(1e7, 'bit/s'), downlinkBps: figure(1e7, 'bit/s') },
};

function problem(cuts, perCut) {
  const work = Array.from({ length: cuts }, (_, i) => ({ class: 'conv', macs: 1e5 + i, bytes: 1e4 }));
  const cut = (id, i) => ({
    id,
    tensors: [{ name: id, dtype: 'float32', shape: [1, 1000 + i] }],
    activationBytes: 4 * (1000 + i),
    head: work.slice(0, i),
    tail: work.slice(i),
    layers: { depth: i, mixes: false },
    headWeightBytes: 1000 * i,
  });
  const inner = Array.from({ length: cuts - 1 }, (_, i) => cut(`cut${i}`, i + 1));
  const model = { sha256: 'a'.repeat(64), cuts: [cut('input', 0), ...inner, cut('output', cuts)], answerBytes: 40 };
  const codecs = ['float32', 'float16', 'uint8', 'uint8+deflate'];
  const defenses = ['none', ...Array.from({ length: perCut / 4 - 1 }, (_, i) => `gauss(sd=${i + 1})`)];
  const thresholds = { threat: 'white-box', maxSsim: 0.3, objective: 'latency' };
  return {
    model,
    codecs,
    thresholds,
    protocol: null,
    defenses: () => defenses,
    profiles: { device: machine, cloud: machine, link },
  };
}

export const row = {
  name: 'scoring',
  about: 'pricing and judging 100 000 candidates of a network of 250 cuts',
  run() {
    const input = problem(250, 400);
    search(problem(10, 40), { leakage: [], results: [] });
    const startMs = performance.now();
    const { candidates } = search(input, { leakage: [], results: [] });
    const seconds = (performance.now() - startMs) / 1e3;
    return {
      candidates: candidates.length,
      seconds,
      text: `${candidates.length} candidates in ${seconds.toFixed(2)} s`,
    };
  },
};
