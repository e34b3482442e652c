/** What is served in the benchmarks: a model that ships, cut in two, its plans, pictures and configurations, in one folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import {
  bindBatch,
  encodeModel,
  findCuts,
  inferShapes,
  loadModel,
  modelSha256,
  resolveCut,
  split,
} from '../../../dist/model/index.js';
import { idOfPlan } from '../../../dist/plan/index.js';
import { createRandom } from '../../../dist/random.js';

/** Of one picture. */
export async function halvesOf(engine, path, at) {
  const whole = await inferShapes(bindBatch(await loadModel(path), 1), engine);
  const cut = resolveCut(findCuts(whole), at);
  return { whole, cut, ...split(whole, cut) };
}

/** Plans `plan.json`, cut, and `device.json`, where all before the cut runs on the device and nothing is sent. Returns the first. */
export async function writePlans(folder, { cut, head, tail }) {
  const part = async (file, graph) => {
    const bytes = encodeModel(graph);
    await writeFile(join(folder, file), bytes);
    return { file, sha256: modelSha256(bytes), bytes: bytes.length };
  };
  const parts = { head: await part('head.onnx', head), tail: await part('tail.onnx', tail) };
  const tensors = cut.tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  const answer = tail.outputs.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  const rest = { ...template(head.inputs[0].name), ...parts };
  const write = async (file, content) => {
    const plan = { ...content, planId: idOfPlan(content) };
    await writeFile(join(folder, file), JSON.stringify(plan));
    return plan;
  };
  await write('device.json', { ...rest, cut: { id: 'output', tensors }, tail: null });
  return write('plan.json', { ...rest, cut: { id: cut.id, tensors }, answer });
}

/** What agent and consumer look at, with a threshold that allows everything and so needs no evidence. */
function template(input) {
  const zero = { total: 0, head: 0, encode: 0, network: 0, tail: 0 };
  const modelled = { head: 'modelled', encode: 'modelled', network: 'modelled', tail: 'modelled', energy: null };
  return {
    format: 'cutline.plan/1',
    serial: 0,
    created: '2000-01-01T00:00:00Z',
    model: { name: 'lenet', sha256: '0'.repeat(64) },
    codec: 'float32',
    defense: 'none',
    picture: {
      input,
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
}

export async function writePictures(folder, count) {
  const random = createRandom(1);
  await mkdir(folder, { recursive: true });
  for (let i = 0; i < count; i++) {
    const pixels = Uint8Array.from({ length: 784 }, () => random.int(256));
    await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(join(folder, `${String(i).padStart(5, '0')}.png`));
  }
}
