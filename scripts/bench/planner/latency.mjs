/**
 * Predicted against measured latency: cuts of the shipped networks on loopback and two shaped links, as broker, consumer
 * and agent processes. Heads and tails are measured by the profile.
 */
import { fileURLToPath } from 'node:url';
import { openModel } from '../../../dist/cli/open-model.js';
import { inputShape, readCard } from '../../../dist/data/index.js';
import { measureCompute } from '../../../dist/device/profiler/compute.js';
import { measureEncode } from '../../../dist/device/profiler/encode.js';
import { measureLink } from '../../../dist/device/profiler/link/index.js';
import { measureModel } from '../../../dist/device/profiler/model.js';
import { measureRuntime } from '../../../dist/device/profiler/runtime/index.js';
import { createEngine } from '../../../dist/engine/index.js';
import { price } from '../../../dist/planner/price.js';
import { deploy, facts, measure, pictures, remove, startBroker } from './deployed.mjs';
import { watched } from './others.mjs';
import { shapedLink } from './shaped.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const shipped = ['models/lenet-fashion-mnist.onnx', 'models/cifar10cnn.onnx'].map((path) => root + path);
const links = { loopback: undefined, '20 ms, 20 Mbit/s': [10, 20e6], '4 ms, 100 Mbit/s': [2, 100e6] };
/** Two threads of a small network wait for each other where others use the machine too. */
const threads = 1;
const at = (values, p) => values.toSorted((a, b) => a - b)[Math.round(p * (values.length - 1))];
const quiet = { log: () => {} };

export const row = {
  name: 'latency',
  about: 'predicted against measured latency, end to end',
  async run(options, say) {
    const broker = await startBroker();
    const cases = [];
    try {
      const paths = options.models.length > 0 ? options.models : shipped;
      for (const path of paths) cases.push(...(await network(path, broker, options, say)));
    } finally {
      await broker.stop();
    }
    return { cases, ...summary(cases), text: textOf(cases) };
  },
};

/** Rounds of profile and measurement one after the other; of what they say, medians: others use the machine too. */
async function network(path, broker, { every, rounds, images }, say) {
  const engine = await createEngine({ threads });
  const card = await readCard(path);
  const shapes = card.input === undefined ? [] : [`${card.input}=${inputShape(1, card.preprocessing).join(',')}`];
  const model = await openModel(path, { shapes }, engine);
  const folder = await pictures(card.preprocessing, images);
  const sent = model.cuts.filter((c, i) => c.id !== 'output' && i % every === 0);
  const known = facts(model, model.cuts);
  const cases = [];
  try {
    for (const [link, shape] of Object.entries(links)) {
      const proxy = shape && (await shapedLink(Number(new URL(broker.url).port), ...shape));
      const agentUrl = proxy ? `mqtt://127.0.0.1:${proxy.port}` : broker.url;
      const seen = new Map(sent.map((cut) => [cut, { predicted: [], measured: [] }]));
      const { others } = await watched(async () => {
        for (let i = 0; i < rounds; i++) {
          const here = await profile(engine, { ...model, cuts: sent }, agentUrl, images);
          const profiles = { device: here, cloud: here, link: here };
          for (const cut of sent) {
            const deployed = await deploy({ model, card, cut });
            const urls = { agentUrl, consumerUrl: broker.url };
            seen.get(cut).measured.push(medians(await measure(deployed, { ...urls, images: folder, threads })));
            await remove(deployed);
            const option = { cut: known.cuts.find((c) => c.id === cut.id), defense: 'none', codec: 'float32' };
            seen.get(cut).predicted.push(price(option, known, profiles).latencyMs);
          }
        }
      }, [broker.pid]);
      for (const [cut, { predicted, measured }] of seen) {
        const entry = {
          network: model.name,
          link,
          cut: cut.id,
          predicted: middle(predicted),
          measured: middle(measured),
        };
        cases.push({ ...entry, others });
        say(lineOf(entry));
      }
      await proxy?.close();
    }
  } finally {
    await engine.close();
    await remove(folder);
  }
  return cases;
}

const parts = ['total', 'p95', 'head', 'encode', 'network', 'tail'];
const of = (all, part) => all.map((l) => l[part]);
const middle = (all) => Object.fromEntries(parts.map((p) => [p, at(of(all, p), 0.5)]));
const medians = (latencies) => {
  const p50 = Object.fromEntries(parts.filter((p) => p !== 'p95').map((p) => [p, at(of(latencies, p), 0.5)]));
  return { ...p50, p95: at(of(latencies, 'total'), 0.95) };
};

/** What a prediction needs, and no more: as `cutline profile --broker URL MODEL` measures it. */
async function profile(engine, model, url, images) {
  const encode = await measureEncode();
  const link = await measureLink({ connect: connectTo(url), budgetMs: 3000 });
  const runtime = await measureRuntime(engine, {
    command: `${root}dist/cli/main.js`,
    sides: [16, 256, 128],
    inferences: images,
    threads,
    budgetMs: 30_000,
    ...quiet,
  });
  const compute = await measureCompute(engine, { threads, budgetMs: 3 });
  const models = [await measureModel(model, { threads, budgetMs: 3000, ...quiet })];
  return { format: 'cutline.profile/1', name: 'here', encode, link, runtime, compute, models };
}

const connectTo = (url) => ({
  url,
  protocol: 'auto',
  clientId: `bench-${process.pid}-${Math.random()}`,
  keepaliveS: 15,
  connectTimeoutMs: 10_000,
  maxPacketBytes: 16 * 2 ** 20,
});

const error = ({ predicted, measured }, part = 'total') => Math.abs(predicted[part] / measured[part] - 1);

/** Of each network over each link: what the cut that is predicted to be fastest took, against the one that was. */
function regrets(cases) {
  const groups = new Map();
  for (const one of cases) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return [...groups.values()].map((group) => {
    const by = (part) => group.reduce((a, b) => (b[part].total < a[part].total ? b : a));
    return by('predicted').measured.total / by('measured').measured.total;
  });
}

const keyOf = ({ network, link }) => `${network}, ${link}`;

function summary(cases) {
  const errors = cases.map((c) => error(c));
  const tails = cases.map((c) => error(c, 'p95'));
  return {
    p50: { medianError: at(errors, 0.5), p90Error: at(errors, 0.9), target: { medianError: 0.1, p90Error: 0.25 } },
    regret: { worst: Math.max(...regrets(cases)), target: 1.05 },
    p95: { medianError: at(tails, 0.5), within30Percent: tails.filter((e) => e <= 0.3).length / tails.length },
  };
}

const lineOf = ({ network, link, cut, predicted, measured }) =>
  `${network} ${cut}, ${link}: predicted ${predicted.total.toFixed(2)} ms, measured ${measured.total.toFixed(2)} (p95 ${predicted.p95.toFixed(2)}, ${measured.p95.toFixed(2)}; ${['head', 'encode', 'network', 'tail'].map((p) => `${p} ${predicted[p].toFixed(2)}/${measured[p].toFixed(2)}`).join(', ')})`;

function textOf(cases) {
  const { p50, p95, regret } = summary(cases);
  const percent = (v) => `${(100 * v).toFixed(1)} %`;
  const byLink = Object.keys(links).map((link) => {
    const some = summary(cases.filter((c) => c.link === link));
    return `  ${link}: median error ${percent(some.p50.medianError)}, ninth decile ${percent(some.p50.p90Error)}`;
  });
  return [
    `  ${cases.length} cases: p50 median error ${percent(p50.medianError)} (10 % wanted), ninth decile ${percent(p50.p90Error)} (25 %)`,
    `  p95 median error ${percent(p95.medianError)}, within 30 % in ${percent(p95.within30Percent)}`,
    `  the cut predicted to be fastest took at most ${regret.worst.toFixed(2)} of what the fastest took (1.05 wanted)`,
    ...byLink,
  ].join('\n');
}
