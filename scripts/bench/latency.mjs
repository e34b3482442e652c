/**
 * What splitting adds: real agent, broker and consumer processes on loopback, LeNet cut at ReLU2, one inference at a time,
 * against head and tail run alone; and how long the event loop stands still while a head runs.
 * Run after `npm run build`: node scripts/bench/latency.mjs [--images N] [--broker aedes|mosquitto]
 * Prints one JSON document.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { createEngine } from '../../dist/engine/index.js';
import { encodeModel, float32, GraphBuilder, modelSha256 } from '../../dist/model/index.js';
import { createRandom } from '../../dist/random.js';

const { values: args } = parseArgs({
  options: { images: { type: 'string', default: '400' }, broker: { type: 'string', default: 'aedes' } },
});
const random = createRandom(1);
const folder = await mkdtemp(join(tmpdir(), 'cutline-bench-'));
const children = [];
try {
  const { head, tail } = lenetHalves();
  const alone = (await timeAlone(head, [1, 1, 28, 28])) + (await timeAlone(tail, [1, 16, 8, 8]));
  const agent = await serve(head, tail);
  const stallMs = await worstStall();
  const addedMs = agent.latencyMs.total.p50 - alone;
  process.stdout.write(
    `${JSON.stringify(
      {
        format: 'cutline.bench-latency/1',
        broker: args.broker,
        inferences: agent.inferences.answered,
        headAndTailAloneMs: round(alone),
        endToEndMs: agent.latencyMs,
        addedMs: { p50: round(addedMs), target: 3, met: addedMs <= 3 },
        eventLoopWorstStallMs: { ...stallMs, target: 20, met: stallMs.whileHeadRuns <= 20 },
      },
      null,
      2,
    )}\n`,
  );
} finally {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}

function round(ms) {
  return Math.round(ms * 1000) / 1000;
}

function weights(shape) {
  return float32(random.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1)), 0.1), shape);
}

function lenetHalves() {
  const h = new GraphBuilder();
  h.input('input', 'float32', [1, 1, 28, 28]);
  const conv1 = h.op('Relu', [h.op('Conv', ['input', h.initializer(weights([8, 1, 5, 5]))])]);
  const pool1 = h.op('MaxPool', [conv1], { kernel_shape: [2, 2], strides: [2, 2] });
  h.op('Relu', [h.op('Conv', [pool1, h.initializer(weights([16, 8, 5, 5]))])], {}, 'relu2');
  h.output('relu2', 'float32', [1, 16, 8, 8]);
  const t = new GraphBuilder();
  t.input('relu2', 'float32', [1, 16, 8, 8]);
  let x = t.op('Flatten', [t.op('MaxPool', ['relu2'], { kernel_shape: [2, 2], strides: [2, 2] })]);
  for (const shape of [
    [256, 120],
    [120, 84],
  ])
    x = t.op('Relu', [t.op('MatMul', [x, t.initializer(weights(shape))])]);
  t.op('MatMul', [x, t.initializer(weights([84, 10]))], {}, 'logits');
  t.output('logits', 'float32', [1, 10]);
  return { head: h.build(), tail: t.build() };
}

/** Median of the graph by itself, as the engine measures it. */
async function timeAlone(graph, shape) {
  const engine = await createEngine({ threads: 1 });
  const session = await engine.load(graph);
  const feeds = { [graph.inputs[0].name]: weights(shape) };
  const times = await session.time(feeds, { warmups: 50, repeats: 500 });
  await engine.close();
  return times.sort((a, b) => a - b)[times.length >> 1];
}

/** Runs the three processes and returns the summary of the agent. */
async function serve(head, tail) {
  const images = join(folder, 'images');
  await mkdir(images);
  for (let i = 0; i < Number(args.images); i++) {
    const pixels = Uint8Array.from({ length: 784 }, () => random.int(256));
    await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(join(images, `${String(i).padStart(5, '0')}.png`));
  }
  await writePlan(head, tail);
  const port = await freePort();
  const common = { broker: { url: `mqtt://127.0.0.1:${port}` }, fleet: 'bench', plan: 'plan.json', threads: 1 };
  await writeFile(join(folder, 'consumer.yaml'), JSON.stringify(common));
  await writeFile(join(folder, 'agent.yaml'), JSON.stringify({ ...common, device: 'cam-1', images: ['images'] }));
  if (args.broker === 'mosquitto') {
    const conf = join(folder, 'mosquitto.conf');
    await writeFile(conf, `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n`);
    await start('mosquitto', ['-c', conf], 'running');
  } else {
    await start(process.execPath, ['dist/cli/main.js', 'broker', '--port', String(port)], 'ready');
  }
  const config = (name) => ['--config', join(folder, name), '--json'];
  await start(process.execPath, ['dist/cli/main.js', 'consumer', ...config('consumer.yaml')], 'ready');
  const agent = await start(process.execPath, ['dist/cli/main.js', 'agent', ...config('agent.yaml')]);
  if ((await agent.ended) !== 0) throw new Error(`the agent failed:\n${agent.text()}`);
  return JSON.parse(agent.stdout());
}

/** The part of a plan that agent and consumer look at, with an evidence they accept: the threshold allows everything. */
async function writePlan(head, tail) {
  const part = async (file, graph) => {
    const bytes = encodeModel(graph);
    await writeFile(join(folder, file), bytes);
    return { file, sha256: modelSha256(bytes), bytes: bytes.length };
  };
  const zero = { total: 0, head: 0, encode: 0, network: 0, tail: 0 };
  const modelled = { head: 'modelled', encode: 'modelled', network: 'modelled', tail: 'modelled', energy: null };
  const plan = {
    format: 'cutline.plan/1',
    planId: '0'.repeat(32),
    serial: 0,
    created: '2000-01-01T00:00:00Z',
    model: { name: 'lenet', sha256: '0'.repeat(64) },
    cut: { id: 'ReLU2', tensors: [{ name: 'relu2', dtype: 'float32', shape: [1, 16, 8, 8] }] },
    head: await part('head.onnx', head),
    tail: await part('tail.onnx', tail),
    answer: [{ name: 'logits', dtype: 'float32', shape: [1, 10] }],
    codec: 'float32',
    defense: 'none',
    picture: {
      input: 'input',
      preprocessing: { layout: 'NCHW', channels: 1, height: 28, width: 28, mean: [0.5], std: [0.5] },
    },
    thresholds: { threat: 'white-box', maxSsim: 1, objective: 'latency' },
    evidence: [],
    predicted: {
      latencyMs: zero,
      energyMj: null,
      activationBytes: 4096,
      wireBytes: 4096,
      downloadBytes: 0,
      accuracy: null,
      agreement: null,
      sources: { ...modelled, wireBytes: 'modelled' },
    },
    profiles: { device: 'none', cloud: 'none', link: 'none' },
  };
  await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
}

/** The longest gap between ticks of a 1 ms timer: idle, and while a head of some hundred milliseconds runs. */
async function worstStall() {
  const b = new GraphBuilder();
  b.input('input', 'float32', [1, 64, 96, 96]);
  let x = 'input';
  for (let i = 0; i < 4; i++) {
    x = b.op('Relu', [b.op('Conv', [x, b.initializer(weights([64, 64, 3, 3]))], { pads: [1, 1, 1, 1] })]);
  }
  b.output(x, 'float32', [1, 64, 96, 96]);
  const engine = await createEngine({ threads: 1 });
  const session = await engine.load(b.build());
  const input = weights([1, 64, 96, 96]);
  await session.run({ input });
  const watch = async (work) => {
    let worst = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      worst = Math.max(worst, now - last);
      last = now;
    }, 1);
    const startMs = performance.now();
    await work();
    clearInterval(timer);
    return { worst: round(worst), ms: round(performance.now() - startMs) };
  };
  const idle = await watch(() => sleep(1000));
  const busy = await watch(async () => {
    for (let i = 0; i < 10; i++) await session.run({ input });
  });
  await engine.close();
  return { idle: idle.worst, whileHeadRuns: busy.worst, headMs: round(busy.ms / 10) };
}

async function start(command, argv, ready) {
  const child = spawn(command, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let out = '';
  let text = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  for (const deadline = Date.now() + 30_000; ready && !text.includes(ready); await sleep(20)) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`${command} did not start:\n${text}`);
  }
  return { ended, stdout: () => out, text: () => text };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
