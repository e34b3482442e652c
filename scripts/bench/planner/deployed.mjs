/**
 * A cut as it is deployed: a plan in a folder, a consumer and an agent as processes of their own, random pictures through
 * them, and what the agent says of each.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { encodeModel, modelSha256 } from '../../../dist/model/index.js';
import { idOfPlan, planSchema } from '../../../dist/plan/index.js';
import { answerOf, modelFacts, partsOf } from '../../../dist/planner/model-facts.js';
import { createRandom } from '../../../dist/random.js';

const command = resolve(import.meta.dirname, '../../../dist/cli/main.js');

/** A process of cutline; `ready` is a word of its log to wait for. */
export async function cutline(args, ready) {
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, text] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  for (const deadline = Date.now() + 60_000; ready && !text.includes(ready); await sleep(20)) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`cutline ${args[0]} did not start:\n${text}`);
  }
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { pid: child.pid, ended, stop, stdout: () => out, text: () => text };
}

/** A broker on a free port. */
export async function startBroker() {
  const broker = await cutline(['broker', '--port', '0', '--json'], '}');
  return { ...broker, url: JSON.parse(broker.stdout()).url };
}

/** The folder of one cut: what `cutline plan` would write, with a threshold that allows everything. */
export async function deploy({ model, card, cut, codec = 'float32' }) {
  const folder = await mkdtemp(join(tmpdir(), 'cutline-bench-'));
  const { head, tail } = partsOf(model.graph, cut);
  const part = async (file, graph) => {
    if (!graph) return null;
    const bytes = encodeModel(graph);
    await writeFile(join(folder, file), bytes);
    return { file, sha256: modelSha256(bytes), bytes: bytes.length };
  };
  const source = 'modelled';
  const plan = {
    format: 'cutline.plan/1',
    serial: 0,
    created: '2000-01-01T00:00:00Z',
    model: { name: model.name, sha256: model.sha256 },
    cut: {
      id: cut.id,
      tensors: cut.tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape: shape.map(Number) })),
    },
    head: await part('head.onnx', head),
    tail: await part('tail.onnx', tail),
    ...(tail && { answer: answerOf(tail) }),
    codec,
    defense: 'none',
    picture: { input: card.input, preprocessing: card.preprocessing },
    thresholds: { threat: 'white-box', maxSsim: 1, objective: 'latency' },
    evidence: [],
    predicted: {
      latencyMs: { total: 0, head: 0, encode: 0, network: 0, tail: 0 },
      energyMj: null,
      activationBytes: 0,
      wireBytes: 0,
      downloadBytes: 0,
      accuracy: null,
      agreement: null,
      sources: { head: source, encode: source, network: source, tail: source, energy: null, wireBytes: source },
    },
    profiles: { device: 'none', cloud: 'none', link: 'none' },
  };
  await writeFile(join(folder, 'plan.json'), JSON.stringify(planSchema.parse({ ...plan, planId: idOfPlan(plan) })));
  return folder;
}

/** Random pictures of the size the card asks for; the folder is made once. */
export async function pictures({ channels, height, width }, count) {
  const folder = await mkdtemp(join(tmpdir(), 'cutline-bench-pictures-'));
  await mkdir(folder, { recursive: true });
  const random = createRandom(1);
  for (let i = 0; i < count; i++) {
    const pixels = Uint8Array.from({ length: height * width * channels }, () => random.int(256));
    await sharp(pixels, { raw: { width, height, channels } })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .png()
      .toFile(join(folder, `${String(i).padStart(5, '0')}.png`));
  }
  return folder;
}

/**
 * Sends the pictures through the deployed cut. The first few, which compile and connect, are left out.
 * @returns latencies of each inference, ms
 */
export async function measure(folder, { agentUrl, consumerUrl, images, skip = 40, threads }) {
  const common = { fleet: 'bench', plan: 'plan.json', ...(threads !== undefined && { threads }) };
  await writeFile(join(folder, 'consumer.yaml'), JSON.stringify({ ...common, broker: { url: consumerUrl } }));
  await writeFile(
    join(folder, 'agent.yaml'),
    JSON.stringify({ ...common, broker: { url: agentUrl }, device: 'cam-1', images: [images], timeoutMs: 20_000 }),
  );
  const results = join(folder, 'results.jsonl');
  const consumer = await cutline(['consumer', '--config', join(folder, 'consumer.yaml'), '--json'], 'ready: serving');
  try {
    const agent = await cutline(['agent', '--config', join(folder, 'agent.yaml'), '--json', '--results', results]);
    if ((await agent.ended) !== 0) throw new Error(`the agent failed:\n${agent.text()}`);
    const lines = (await readFile(results, 'utf8')).trimEnd().split('\n');
    return lines.slice(skip).map((line) => JSON.parse(line).latencyMs);
  } finally {
    await consumer.stop();
  }
}

export const remove = (folder) => rm(folder, { recursive: true, force: true });

export const facts = (model, cuts) => modelFacts(model.graph, model.sha256, cuts);
