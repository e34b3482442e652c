/**
 * Predicted against measured latency: cuts of the shipped networks on loopback and two shaped links, as broker, consumer
 * and agent processes. Heads and tails are measured by the profile.
 */
import { fileURLToPath } from 'node:url';
import { openModel } from '../../../dist/cli/open-model.js';
import { readCard } from '../../../dist/data/index.js';
import { measureCompute } from '../../../dist/device/profiler/compute.js';
import { measureEncode } from '../../../dist/device/profiler/encode.js';
import { measureLink } from '../../../dist/device/profiler/link/index.js';
import { measureModel } from '../../../dist/device/profiler/model.js';
import { measureRuntime } from '../../../dist/device/profiler/runtime/index.js';
import { createEngine } from '../../../dist/engine/index.js';
import { price } from '../../../dist/planner/price.js';
import { deploy, facts, measure, pictures, remove, startBroker } from './deployed.mjs';
import { shapedLink } from './shaped.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const networks = ['models/lenet-fashion-mnist.onnx', 'models/cifar10cnn.onnx'];
const links = { loopback: undefined, '20 ms, 20 Mbit/s': [10, 20e6], '4 ms, 100 Mbit/s': [2, 100e6] };
const threads = 2;
const images = 110;
const at = (values, p) => values.toSorted((a, b) => a - b)[Math.round(p * (values.length - 1))];
const quiet = { log: () => {} };

export const row = {
  name: 'latency',
  about: 'predicted against measured latency, end to end',
  async run({ every, rounds }, say) {
    const broker = await startBroker();
    const cases = [];
    try {
      for (let round = 0; round < rounds; round++)
        for (const path of networks) cases.push(...(await network(root + path, broker, every, say)));
    } finally {
      await broker.stop();
    }
    return { cases, ...summary(cases), text: textOf(cases) };
  },
};

async function network(path, broker, every, say) {
  const engine = await createEngine({ threads });
  const model = await openModel(path, { shapes: [] }, engine);
  const card = await readCard(path);
  const folder = await pictures(card.preprocessing, images);
  const sent = model.cuts.filter((c, i) => c.id !== 'output' && i % every === 0);
  const known = facts(model, model.cuts);
  const cases = [];
  try {
    for (const [name, shape] of Object.entries(links)) {
      const proxy = shape && (await shapedLink(Number(new URL(broker.url).port), ...shape));
      const agentUrl = proxy ? `mqtt://127.0.0.1:${proxy.port}` : broker.url;
      // A machine is not as fast in every minute: what is predicted from is measured around what is held against it.
      let before = await profile(engine, { ...model, cuts: sent }, agentUrl);
      for (const cuts of groups(sent, 3)) {
        const measured = [];
        for (const cut of cuts) {
          const deployed = await deploy({ model, card, cut });
          measured.push(await measure(deployed, { agentUrl, consumerUrl: broker.url, images: folder, threads }));
          await remove(deployed);
        }
        const after = await profile(engine, { ...model, cuts: sent }, agentUrl);
        for (const [i, cut] of cuts.entries()) {
          const option = { cut: known.cuts.find((c) => c.id === cut.id), defense: 'none', codec: 'float32' };
          const predictions = [before, after].map(
            (p) => price(option, known, { device: p, cloud: p, link: p }).latencyMs,
          );
          const mean = (part) => (predictions[0][part] + predictions[1][part]) / 2;
          const parts = ['total', 'p95', 'head', 'encode', 'network', 'tail'];
          const predicted = Object.fromEntries(parts.map((p) => [p, mean(p)]));
          const own = (part, p) =>
            at(
              measured[i].map((l) => l[part]),
              p,
            );
          const found = { total: own('total', 0.5), p95: own('total', 0.95) };
          for (const part of parts.slice(2)) found[part] = own(part, 0.5);
          const entry = { network: model.name, link: name, cut: cut.id, predicted, measured: found };
          cases.push(entry);
          say(lineOf(entry));
        }
        before = after;
      }
      await proxy?.close();
    }
  } finally {
    await engine.close();
    await remove(folder);
  }
  return cases;
}

const groups = (all, size) =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));

/** What a prediction needs, and no more: as `cutline profile --broker URL MODEL` measures it. */
async function profile(engine, model, url) {
  const encode = await measureEncode();
  const link = await measureLink({ connect: connectTo(url), budgetMs: 4000 });
  const runtime = await measureRuntime(engine, {
    command: `${root}dist/cli/main.js`,
    threads,
    budgetMs: 30_000,
    ...quiet,
  });
  const compute = await measureCompute(engine, { threads, budgetMs: 10 });
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

function summary(cases) {
  const errors = cases.map((c) => error(c));
  const tails = cases.map((c) => error(c, 'p95'));
  return {
    p50: { medianError: at(errors, 0.5), p90Error: at(errors, 0.9), target: { medianError: 0.1, p90Error: 0.25 } },
    p95: { medianError: at(tails, 0.5), within30Percent: tails.filter((e) => e <= 0.3).length / tails.length },
  };
}

const lineOf = ({ network, link, cut, predicted, measured }) =>
  `${network} ${cut}, ${link}: predicted ${predicted.total.toFixed(2)} ms, measured ${measured.total.toFixed(2)} (p95 ${predicted.p95.toFixed(2)}, ${measured.p95.toFixed(2)}; ${['head', 'encode', 'network', 'tail'].map((p) => `${p} ${predicted[p].toFixed(2)}/${measured[p].toFixed(2)}`).join(', ')})`;

function textOf(cases) {
  const { p50, p95 } = summary(cases);
  const percent = (v) => `${(100 * v).toFixed(1)} %`;
  const byLink = Object.keys(links).map((link) => {
    const some = summary(cases.filter((c) => c.link === link));
    return `  ${link}: median error ${percent(some.p50.medianError)}, ninth decile ${percent(some.p50.p90Error)}`;
  });
  return [
    `  ${cases.length} cases: p50 median error ${percent(p50.medianError)} (10 % wanted), ninth decile ${percent(p50.p90Error)} (25 %)`,
    `  p95 median error ${percent(p95.medianError)}, within 30 % in ${percent(p95.within30Percent)}`,
    ...byLink,
  ].join('\n');
}
