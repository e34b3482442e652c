/**
 * `npm run bench:scale -- [--devices N] [--every S] [--seconds S] [--broker mosquitto|aedes] [--cut CUT] [--remembered N]`: so many devices of one
 * process at one broker and one consumer, all real MQTT on loopback. What a message costs each of them, what a connection costs, what
 * was lost; the delay held against queues that are given those costs; and how long a fleet takes to come back when its broker was
 * killed. Nothing is asserted; prints one JSON document. docs/scale.md goes on from it.
 */
import { fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createEngine } from '../../../dist/engine/index.js';
import { halvesOf, writePlans } from '../serving/deployment.mjs';
import { endAll, freePort, start } from '../serving/processes.mjs';
import { simulate } from './queue.mjs';
import { between, usageOf } from './usage.mjs';

const { values: args } = parseArgs({
  options: {
    devices: { type: 'string', default: '2000' },
    every: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '40' },
    broker: { type: 'string', default: 'mosquitto' },
    cut: { type: 'string', default: 'pool2' },
    remembered: { type: 'string', default: '10000' },
  },
});
const [devices, everyS, seconds] = [Number(args.devices), Number(args.every), Number(args.seconds)];
const fleet = 'scale';
let asked = 0;
const folder = await mkdtemp(join(tmpdir(), 'cutline-scale-'));
const fleetOfDevices = fork(join(import.meta.dirname, 'devices.mjs'));
try {
  const engine = await createEngine({ threads: 1 });
  const halves = await halvesOf(
    engine,
    join(import.meta.dirname, '../../../models/lenet-fashion-mnist.onnx'),
    args.cut,
  );
  await writePlans(folder, halves);
  await engine.close();
  const port = await freePort();
  const url = `mqtt://127.0.0.1:${port}`;
  let broker = await startBroker(port);
  const settings = { broker: { url }, fleet, plan: 'plan.json', threads: 1, devices: Number(args.remembered) };
  await writeFile(join(folder, 'consumer.yaml'), JSON.stringify(settings));
  const consumer = await start(
    process.execPath,
    ['dist/cli/main.js', 'consumer', '--config', join(folder, 'consumer.yaml')],
    'ready: serving',
  );
  const empty = await usageOf(broker.pid);
  const { connected } = await tell('connect', {
    url,
    fleet,
    planPath: join(folder, 'plan.json'),
    devices,
    perSecond: 200,
  });
  await sleep(2000);
  const full = await usageOf(broker.pid);
  const processes = { broker: broker.pid, consumer: consumer.pid, devices: fleetOfDevices.pid };
  const quiet = await used(processes, () => sleep(10_000));
  // Once for whatever is made at first use.
  await tell('load', { everyS, seconds: Math.min(seconds, everyS) });
  const half = await loaded(processes, 2 * everyS);
  const whole = await loaded(processes, everyS);
  broker = await killed(broker, port);
  const document = {
    format: 'cutline.bench-scale/1',
    machine: { cores: availableParallelism(), load: loadavg()[0] },
    ...{ broker: args.broker, cut: args.cut, devices, connected, everyS, seconds },
    connection: {
      brokerBytes: Math.round((full.residentBytes - empty.residentBytes) / devices),
      brokerIdleCpuS: quiet.broker.cpuS / 10,
      consumerIdleCpuS: quiet.consumer.cpuS / 10,
    },
    half,
    whole,
    // The costs of the one say what the other takes.
    predicted: predictedFrom(half, devices, everyS),
    back: broker.back,
  };
  process.stdout.write(`${JSON.stringify(rounded(document), null, 2)}\n`);
} finally {
  fleetOfDevices.kill('SIGKILL');
  endAll();
  await rm(folder, { recursive: true, force: true });
}

function startBroker(port) {
  if (args.broker === 'aedes')
    return start(
      process.execPath,
      ['dist/cli/main.js', 'broker', '--port', String(port), '--max-clients', String(devices + 10)],
      'ready',
    );
  return mosquitto(port);
}

async function mosquitto(port) {
  const path = join(folder, 'mosquitto.conf');
  await writeFile(path, `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nlog_dest stderr\n`);
  return start('mosquitto', ['-c', path], 'running');
}

/** What each process used meanwhile. */
async function used(pids, work) {
  const look = async () =>
    Object.fromEntries(await Promise.all(Object.entries(pids).map(async ([k, pid]) => [k, await usageOf(pid)])));
  const before = await look();
  const result = await work();
  const after = await look();
  const spent = Object.fromEntries(Object.keys(pids).map((k) => [k, between(before[k], after[k])]));
  return { ...spent, result, resident: Object.fromEntries(Object.keys(pids).map((k) => [k, after[k].residentBytes])) };
}

async function loaded(pids, everyS) {
  const u = await used(pids, () => tell('load', { everyS, seconds }));
  const { totalsMs, ...counts } = u.result;
  const each = (amount) => amount / counts.answered;
  return {
    everyS,
    ratePerS: counts.answered / seconds,
    ...counts,
    each: {
      brokerMs: 1000 * each(u.broker.cpuS),
      consumerMs: 1000 * each(u.consumer.cpuS),
      upBytes: each(u.devices.writtenBytes),
      downBytes: each(u.devices.readBytes),
    },
    residentBytes: u.resident,
    latencyMs: percentiles(totalsMs),
  };
}

/** Queues of the costs that a run showed. Of a broker's cost half is the way up. */
function predictedFrom({ each: { brokerMs, consumerMs } }, devices, everyS) {
  const stages = [
    { name: 'broker', meanMs: brokerMs / 2 },
    { name: 'consumer', meanMs: consumerMs },
    { name: 'broker', meanMs: brokerMs / 2 },
  ];
  const totals = simulate({ devices, everyS, seconds, stagesOf: () => stages });
  const rate = devices / everyS;
  return {
    utilisation: { broker: (rate * brokerMs) / 1000, consumer: (rate * consumerMs) / 1000 },
    latencyMs: percentiles(totals),
  };
}

/** Kills the broker and starts it again: what the fleet does, unasked. */
async function killed(broker, port) {
  process.kill(broker.pid, 'SIGKILL');
  await broker.ended;
  const startMs = performance.now();
  // They have to notice first.
  while ((await tell('connected', {})).connected > 0) await sleep(5);
  const next = await startBroker(port);
  const atS = {};
  const shares = [0.5, 0.9, 0.99, 1];
  while (shares.some((s) => atS[s] === undefined) && performance.now() - startMs < 180_000) {
    const { connected } = await tell('connected', {});
    for (const share of shares) if (connected >= share * devices) atS[share] ??= (performance.now() - startMs) / 1000;
    await sleep(100);
  }
  return { ...next, back: { secondsUntilShare: atS } };
}

function tell(task, options) {
  const id = asked++;
  return new Promise((resolve, reject) => {
    const hear = (message) => {
      if (message.id !== id) return;
      fleetOfDevices.off('message', hear);
      if ('problem' in message) reject(new Error(message.problem));
      else resolve(message.value);
    };
    fleetOfDevices.on('message', hear);
    fleetOfDevices.send({ id, task, ...options });
  });
}

function percentiles(sorted) {
  const at = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** Four figures; what is counted stays as it is. */
function rounded(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(4));
  if (Array.isArray(value)) return value.map(rounded);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, rounded(v)]));
}
