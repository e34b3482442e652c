/**
 * A network in three routes of one plan: an early cut that sends much, a later one that sends little behind a slow head, and everything
 * on a slow device. What makes heads slow is work whose result counts nothing, so that all three answer the same.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeModel, float32, type Graph, GraphBuilder, modelSha256 } from '../../../src/model/index.ts';
import type { Plan } from '../../../src/plan/index.ts';
import { createRandom } from '../../../src/random.ts';
import { named } from '../../plan/sample.ts';
import { type Deployment, deploy } from './deployment.ts';

const CHANNELS = 16;
const random = createRandom(5);
const weights = (shape: number[], fanIn: number) =>
  float32(random.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1)), Math.sqrt(2 / fanIn)), shape);
const w = {
  conv1: weights([CHANNELS, 1, 5, 5], 25),
  conv2: weights([16, CHANNELS, 5, 5], 25 * CHANNELS),
  wide: weights([64, 1, 3, 3], 9),
  slow: weights([64, 64, 3, 3], 576),
  fc: weights([1024, 10], 1024),
};

type Part = (b: GraphBuilder) => void;
const first: Part = (b) => {
  b.op('Conv', ['input', b.initializer(w.conv1, 'w1')], {}, 'conv1');
  b.op('Relu', ['conv1'], {}, 'relu1');
};
const second: Part = (b) => {
  b.op('MaxPool', ['relu1'], { kernel_shape: [2, 2], strides: [2, 2] }, 'pool1');
  b.op('Conv', ['pool1', b.initializer(w.conv2, 'w2')], {}, 'conv2');
  b.op('Relu', ['conv2'], {}, 'relu2');
};
const last: Part = (b) => {
  b.op('Flatten', ['relu2'], {}, 'flat');
  b.op('MatMul', ['flat', b.initializer(w.fc, 'w3')], {}, 'logits');
};
/** Some milliseconds a layer. */
const slowly =
  (layers: number, output: string): Part =>
  (b) => {
    const kernel = b.initializer(w.slow, 'slow');
    let x = b.op('Conv', ['input', b.initializer(w.wide, 'wide')], { pads: [1, 1, 1, 1] }, 'slow0');
    for (let i = 1; i <= layers; i++) {
      b.op('Conv', [x, kernel], { pads: [1, 1, 1, 1] }, `slow${i}`);
      x = b.op('Tanh', [`slow${i}`], {}, `tanh${i}`);
    }
    b.op('ReduceMean', [x], { axes: [1, 2, 3], keepdims: 0 }, 'slowness');
    b.op('Mul', ['slowness', b.initializer(float32(Float32Array.of(0), []), 'nought')], {}, 'nothing');
    b.op('Add', [output, 'nothing'], {}, `${output}_`);
  };

function graph([input, shape]: [string, number[]], [output, outShape]: [string, number[]], ...parts: Part[]): Graph {
  const b = new GraphBuilder(13);
  b.input(input, 'float32', shape);
  for (const part of parts) part(b);
  b.output(output, 'float32', outShape);
  return b.build();
}

export interface Routes {
  readonly deployment: Deployment;
  /** Of what sends much, what sends little, and what sends nothing. */
  readonly plans: readonly [Plan, Plan, Plan];
}

/** Names that end in an underscore are those of slow halves. */
export async function deployRoutes(images: number): Promise<Routes> {
  const picture: [string, number[]] = ['input', [1, 1, 28, 28]];
  const relu1: [string, number[]] = ['relu1', [1, CHANNELS, 24, 24]];
  const relu2: [string, number[]] = ['relu2', [1, 16, 8, 8]];
  const logits: [string, number[]] = ['logits', [1, 10]];
  const whole = graph(picture, logits, first, second, last);
  const early = { whole, head: graph(picture, relu1, first), tail: graph(relu1, logits, second, last) };
  const deployment = await deploy({ images, network: early });
  const { plan: sample, folder } = deployment;
  const part = async (file: string, made: Graph) => {
    const bytes = encodeModel(made);
    await writeFile(join(folder, file), bytes);
    return { file, sha256: modelSha256(bytes), bytes: bytes.length };
  };
  const [evidence] = sample.evidence;
  const at = (cut: string) => [{ ...evidence!, cut }];
  const tensors = (name: string, shape: number[]) => [{ name, dtype: 'float32', shape }];
  const costs = (head: number, network: number, tail: number, wireBytes: number): Plan['predicted'] => ({
    ...sample.predicted,
    latencyMs: { total: head + network + tail, head, encode: 0, network, tail },
    energyMj: null,
    wireBytes,
  });
  const much = named({
    ...sample,
    cut: { id: 'ReLU1', tensors: tensors(...relu1) },
    evidence: at('ReLU1'),
    predicted: costs(1, 22, 1, 37_000),
  });
  const little = named({
    ...sample,
    cut: { id: 'ReLU2', tensors: tensors('relu2_', relu2[1]) },
    evidence: at('ReLU2'),
    head: await part('little-head.onnx', graph(picture, ['relu2_', relu2[1]], first, second, slowly(80, 'relu2'))),
    tail: await part(
      'little-tail.onnx',
      graph(['relu2_', relu2[1]], logits, (b) => {
        b.op('Identity', ['relu2_'], {}, 'relu2');
        last(b);
      }),
    ),
    predicted: costs(60, 4, 1, 4300),
  });
  const { answer: _, ...silent } = sample;
  const none = named({
    ...silent,
    cut: { id: 'output', tensors: tensors('logits_', logits[1]) },
    evidence: [],
    head: await part('whole.onnx', graph(picture, ['logits_', logits[1]], first, second, last, slowly(480, 'logits'))),
    tail: null,
    predicted: costs(240, 0, 0, 0),
  });
  const plan = named({ ...much, safeSet: [little, none] as NonNullable<Plan['safeSet']> });
  await deployment.config('plan.json', plan);
  return { deployment: { ...deployment, plan }, plans: [plan, little, none] };
}
