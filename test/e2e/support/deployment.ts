/** A network, its halves, a plan and pictures in a temporary folder: what a deployment consists of. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Preprocessing, preprocess } from '../../../src/data/index.ts';
import { encodeModel, float32, type Graph, GraphBuilder, modelSha256, type Tensor } from '../../../src/model/index.ts';
import type { Plan } from '../../../src/plan/index.ts';
import { createRandom, type Random } from '../../../src/random.ts';
import { named, samplePlan } from '../../plan/sample.ts';

export const preprocessing: Preprocessing = {
  layout: 'NCHW',
  channels: 1,
  height: 28,
  width: 28,
  mean: [0.5],
  std: [0.5],
};

export interface Deployment {
  readonly folder: string;
  readonly plan: Plan;
  readonly whole: Graph;
  readonly planPath: string;
  /** Folder of PNG files, and the network's input for each, in the order in which the agent takes them. */
  readonly images: string;
  readonly inputs: readonly Tensor[];
  config(name: string, content: Record<string, unknown>): Promise<string>;
  remove(): Promise<void>;
}

/** A network and its halves. */
export interface Halves {
  readonly whole: Graph;
  readonly head: Graph;
  readonly tail: Graph;
}

/** A LeNet of random weights, cut at ReLU2, or another network of pictures of its size. */
export async function deploy(options: { images: number; plan?: Partial<Plan>; network?: Halves }): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'cutline-e2e-'));
  const { whole, head, tail } = options.network ?? lenet(createRandom(7));
  const [headBytes, tailBytes] = [encodeModel(head), encodeModel(tail)];
  await writeFile(join(folder, 'head.onnx'), headBytes);
  await writeFile(join(folder, 'tail.onnx'), tailBytes);
  const sample = samplePlan();
  const plan = named({
    ...sample,
    model: { name: 'lenet', sha256: modelSha256(encodeModel(whole)) },
    head: { file: 'head.onnx', sha256: modelSha256(headBytes), bytes: headBytes.length },
    tail: { file: 'tail.onnx', sha256: modelSha256(tailBytes), bytes: tailBytes.length },
    answer: tail.outputs.map(({ name, dtype, shape }) => ({
      name,
      dtype: dtype as 'float32',
      shape: shape.map(Number),
    })),
    ...options.plan,
  });
  const planPath = join(folder, 'plan.json');
  await writeFile(planPath, JSON.stringify(plan));
  const images = join(folder, 'images');
  const inputs = await drawImages(images, options.images);
  return {
    folder,
    plan,
    whole,
    planPath,
    images,
    inputs,
    async config(name, content) {
      const path = join(folder, name);
      // JSON is YAML.
      await writeFile(path, JSON.stringify(content));
      return path;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function drawImages(folder: string, count: number): Promise<Tensor[]> {
  await mkdir(folder);
  const random = createRandom(11);
  const inputs: Tensor[] = [];
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from({ length: 784 }, () => random.int(256));
    const raw = { width: 28, height: 28, channels: 1 as const };
    await sharp(data, { raw })
      .toColourspace('b-w')
      .png()
      .toFile(join(folder, `${String(i).padStart(4, '0')}.png`));
    inputs.push(preprocess({ count: 1, channels: 1, height: 28, width: 28, data }, preprocessing));
  }
  return inputs;
}

function lenet(random: Random): Halves {
  const weights = (shape: number[], fanIn: number) =>
    float32(random.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1)), Math.sqrt(2 / fanIn)), shape);
  const w = {
    conv1: weights([8, 1, 5, 5], 25),
    conv2: weights([16, 8, 5, 5], 200),
    fc1: weights([256, 120], 256),
    fc2: weights([120, 84], 120),
    fc3: weights([84, 10], 84),
  };
  const headOps = (b: GraphBuilder) => {
    b.op('Conv', ['input', b.initializer(w.conv1, 'w1')], {}, 'conv1');
    b.op('Relu', ['conv1'], {}, 'relu1');
    b.op('MaxPool', ['relu1'], { kernel_shape: [2, 2], strides: [2, 2] }, 'pool1');
    b.op('Conv', ['pool1', b.initializer(w.conv2, 'w2')], {}, 'conv2');
    b.op('Relu', ['conv2'], {}, 'relu2');
  };
  const tailOps = (b: GraphBuilder) => {
    b.op('MaxPool', ['relu2'], { kernel_shape: [2, 2], strides: [2, 2] }, 'pool2');
    b.op('Flatten', ['pool2'], {}, 'flat');
    b.op('MatMul', ['flat', b.initializer(w.fc1, 'w3')], {}, 'fc1');
    b.op('Relu', ['fc1'], {}, 'fc1act');
    b.op('MatMul', ['fc1act', b.initializer(w.fc2, 'w4')], {}, 'fc2');
    b.op('Relu', ['fc2'], {}, 'fc2act');
    b.op('MatMul', ['fc2act', b.initializer(w.fc3, 'w5')], {}, 'logits');
  };
  const graph = (
    input: string,
    shape: number[],
    output: string,
    outShape: number[],
    ...ops: ((b: GraphBuilder) => void)[]
  ) => {
    const b = new GraphBuilder();
    b.input(input, 'float32', shape);
    for (const op of ops) op(b);
    b.output(output, 'float32', outShape);
    return b.build();
  };
  return {
    whole: graph('input', [1, 1, 28, 28], 'logits', [1, 10], headOps, tailOps),
    head: graph('input', [1, 1, 28, 28], 'relu2', [1, 16, 8, 8], headOps),
    tail: graph('relu2', [1, 16, 8, 8], 'logits', [1, 10], tailOps),
  };
}
