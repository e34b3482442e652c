/**
 * What splitting adds: real agent, broker and consumer processes on loopback, LeNet cut at ReLU2.
 * Latency: one inference at a time, against head and tail run alone. Throughput: several at a time, against the slowest of what it is
 * made of, measured in the same window: pictures decoded and run through the head, the broker moving the same bytes by itself, and the
 * tail. And how long the event loop stands still while a head runs. A shared machine disturbs some windows: the best of several counts,
 * and all are listed.
 * Run after `npm run build`: node scripts/bench/latency.mjs [--images N] [--windows N] [--broker aedes|mosquitto]
 * Prints one JSON document.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCodec, encodeShort } from '../../dist/broker/index.js';
import { createEngine } from '../../dist/engine/index.js';
import { float32 } from '../../dist/model/index.js';
import { halvesOf, writePictures, writePlans } from './serving/deployment.mjs';
import { endAll, freePort, start } from './serving/processes.mjs';
import { relay } from './serving/relay.mjs';
import { worstStall } from './serving/stall.mjs';

const { values: args } = parseArgs({
  options: {
    images: { type: 'string', default: '400' },
    windows: { type: 'string', default: '3' },
    broker: { type: 'string', default: 'aedes' },
  },
});
const model = join(import.meta.dirname, '../../models/lenet-fashion-mnist.onnx');
/** Inferences under way at once where throughput is measured. */
const underWay = 16;
const cli = (...argv) => ['dist/cli/main.js', ...argv];
const folder = await mkdtemp(join(tmpdir(), 'cutline-bench-'));
const engine = await createEngine({ threads: 1 });
try {
  const halves = await halvesOf(engine, model, 'ReLU2');
  await writePlans(folder, halves);
  await writePictures(join(folder, 'images'), Number(args.images));
  const bytes = await bytesOf(halves);
  const url = await serve();
  await start(process.execPath, ['scripts/bench/serving/relay.mjs', 'echo', url, String(bytes.answer)], 'ready');
  // Once for the page cache.
  await agent('one', { inFlight: 1 });
  const windows = [];
  for (let i = 0; i < Number(args.windows); i++) windows.push(await window(halves, url, bytes));
  const stall = await worstStall(engine);
  process.stdout.write(`${JSON.stringify(rounded(summary(windows, bytes, stall)), null, 2)}\n`);
} finally {
  await engine.close();
  endAll();
  await rm(folder, { recursive: true, force: true });
}

/** One look at everything, so close together that the machine is the same for all of it. */
async function window({ head, tail }, url, bytes) {
  const [headTimes, tailTimes] = [await timesAlone(head), await timesAlone(tail)];
  const one = await agent('one', { inFlight: 1 });
  const totals = one.results.map((r) => r.latencyMs.total).sort((a, b) => a - b);
  const at = (q) => totals[Math.min(totals.length - 1, Math.floor(q * totals.length))];
  const alone = median(headTimes) + median(tailTimes);
  const [p50, p99] = [at(0.5), at(0.99)];
  const many = await agent('many', { inFlight: underWay });
  const device = await agent('device', { inFlight: underWay, plan: 'device.json' });
  const parts = {
    decodeAndHead: rateOf(device),
    broker: await relay(url, { bytes: bytes.activation, underWay, seconds: 1.5 }),
    tail: 1000 / median(tailTimes),
  };
  const perSecond = rateOf(many);
  return {
    inferences: one.inferences.answered,
    headAndTailAloneMs: alone,
    endToEndMs: one.latencyMs,
    added: { p50Ms: p50 - alone, p99Ms: p99 - alone, p99OverP50: p99 / p50 },
    throughput: { perSecond, ...parts, ofSlowest: perSecond / Math.min(...Object.values(parts)) },
  };
}

function summary(windows, bytes, stall) {
  const best = (of, better) => windows.map(of).reduce((a, b) => (better(b, a) ? b : a));
  const less = (a, b) => a < b;
  const added = best((w) => w.added.p50Ms, less);
  const spread = best((w) => w.added.p99OverP50, less);
  const share = best(
    (w) => w.throughput.ofSlowest,
    (a, b) => a > b,
  );
  const quickest = windows.find((w) => w.added.p50Ms === added);
  return {
    format: 'cutline.bench-latency/2',
    broker: args.broker,
    inferences: quickest.inferences,
    headAndTailAloneMs: quickest.headAndTailAloneMs,
    endToEndMs: quickest.endToEndMs,
    addedMs: { p50: added, target: 0.8, met: added <= 0.8 },
    p99OverP50: { ratio: spread, target: 3, met: spread <= 3 },
    throughputOfSlowestPart: { ratio: share, target: 0.8, met: share >= 0.8 },
    messageBytes: bytes,
    eventLoopWorstStallMs: { ...stall, target: 20, met: stall.whileHeadRuns <= 20 },
    windows,
  };
}

function rateOf({ inferences, seconds }) {
  return inferences.answered / seconds;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function rounded(value) {
  return JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'number' ? Number(v.toPrecision(4)) : v)));
}

/** Milliseconds of each run by itself, as the engine measures it. */
async function timesAlone(graph) {
  const session = await engine.load(graph);
  const [{ name, shape }] = graph.inputs;
  const feeds = { [name]: float32(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5), shape) };
  const times = await session.time(feeds, { warmups: 50, repeats: 500 });
  await session.close();
  return times;
}

/** Starts broker and consumer, and writes the configurations of agents. */
async function serve() {
  const port = await freePort();
  const url = `mqtt://127.0.0.1:${port}`;
  const common = { broker: { url }, fleet: 'bench', plan: 'plan.json', threads: 1 };
  await writeFile(join(folder, 'consumer.yaml'), JSON.stringify(common));
  if (args.broker === 'mosquitto') {
    const conf = join(folder, 'mosquitto.conf');
    await writeFile(conf, `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n`);
    await start('mosquitto', ['-c', conf], 'running');
  } else {
    await start(process.execPath, cli('broker', '--port', String(port)), 'ready');
  }
  await start(process.execPath, cli('consumer', '--config', join(folder, 'consumer.yaml'), '--json'), 'ready');
  return url;
}

/** Runs an agent over all pictures, and returns its summary. */
async function agent(name, settings) {
  const path = join(folder, `agent-${name}.yaml`);
  const common = JSON.parse(await readFile(join(folder, 'consumer.yaml'), 'utf8'));
  await writeFile(path, JSON.stringify({ ...common, device: `cam-${name}`, images: ['images'], ...settings }));
  const running = await start(process.execPath, cli('agent', '--config', path, '--json'));
  if ((await running.ended) !== 0) throw new Error(`the agent failed:\n${running.text()}`);
  return JSON.parse(running.stdout());
}

/** Of one activation and one answer, in short messages: all but the first of a session. */
async function bytesOf({ cut, tail }) {
  const codec = createCodec('float32');
  const header = { sessionId: '0'.repeat(8), correlationId: '0'.repeat(32), sequence: 1000, atMs: 1e6 };
  const payload = async (values, body) => {
    const encode = ({ name, shape }) =>
      codec.encode(name, float32(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape));
    const tensors = await Promise.all(values.map(encode));
    const places = values.map((v) => ({ ...v, codecs: ['float32'] }));
    return encodeShort(header, { ...body, tensors }, places).length;
  };
  return {
    activation: await payload(cut.tensors, { kind: 'activation' }),
    answer: await payload(tail.outputs, { kind: 'result', queueMs: 1, tailMs: 1, decodeMs: 1 }),
  };
}
