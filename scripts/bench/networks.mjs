/**
 * The networks that are attacked: the reference models where CUTLINE_SHARED (default ../shared) has them, else our own
 * with random weights, which run as fast but whose reconstructions say nothing.
 */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openDataset, preprocess, victims } from '../../dist/data/index.js';
import { float32, loadModel, resolveCut, sizeOf } from '../../dist/model/index.js';
import { Device, layoutAt } from '../../dist/privacy/audit/device.js';
import { Subject } from '../../dist/privacy/audit/index.js';
import { compileMechanism } from '../../dist/privacy/mechanisms/index.js';
import { createRandom } from '../../dist/random.js';
import { networks } from '../../dist/training/index.js';

const root = resolve(import.meta.dirname, '../..');
export const shared = resolve(root, process.env.CUTLINE_SHARED ?? '../shared');

export const files = {
  lenet: { model: 'models/lenet-mnist.onnx', data: 'mnist', folder: 'data/mnist' },
  cifar10cnn: { model: 'models/cifar10cnn.onnx', data: 'cifar-10', folder: 'data/cifar-10' },
};

/** Whether the reference models and their pictures are there. */
export async function hasShared() {
  const paths = Object.values(files).flatMap(({ model, folder }) => [model, folder]);
  const found = await Promise.all(
    paths.map((p) =>
      access(resolve(shared, p)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

/**
 * n victims at a cut.
 * @returns head for batch n, pictures as network input [n, …], what the cloud sees, pixels in [0, 1] and preprocessing
 */
export async function openProblem(engine, network, cutId, n) {
  const spec = networks[network];
  const { channels, height, width, mean, std } = spec;
  const preprocessing = { layout: 'NCHW', channels, height, width, mean: [...mean], std: [...std] };
  const file = files[network];
  const there = await hasShared();
  const graph = there ? await loadModel(resolve(shared, file.model)) : spec.build(10, createRandom(1));
  const subject = await Subject.open(engine, graph, preprocessing);
  const cut = resolveCut(subject.cuts, cutId);
  const { head } = await subject.parts(cut, n);
  const pixels = there ? await testPixels(file, n) : randomPixels(n, spec);
  const pictures = preprocess(pixels, preprocessing);
  const observed = await undefended(engine, subject, cut).observe(pictures, () => createRandom(1));
  const start = float32(new Float32Array(pictures.data.length), pictures.shape);
  return { head, pictures, observed, start, pixels, preprocessing };
}

/** The device without any defense. */
export function undefended(engine, subject, cut) {
  return new Device({ engine, subject, cut, mechanism: compileMechanism('none', layoutAt(subject, cut)) });
}

async function testPixels({ data, folder }, n) {
  const { test } = await openDataset(`${data}:${resolve(shared, folder)}`);
  return test.pixels(victims(test, n));
}

function randomPixels(count, { channels, height, width }) {
  const random = createRandom(2);
  const size = sizeOf([count, channels, height, width]);
  return { count, channels, height, width, data: Uint8Array.from({ length: size }, () => random.int(256)) };
}

/** The head as PyTorch is told of it: weights in files, the rest in words. */
export async function torchLayers(head, torch) {
  return Promise.all(
    head.nodes.map(async ({ op, inputs, attributes }) => {
      const layer = { kind: op };
      if (op === 'Conv' || op === 'Gemm') {
        for (const [i, key] of ['weight', 'bias'].entries()) {
          const tensor = head.initializers.get(inputs[i + 1]);
          if (tensor) layer[key] = { path: await torch.share(tensor.data), shape: tensor.shape };
        }
      }
      if (op === 'Conv') layer.padding = attributes.pads?.value[0] ?? 0;
      if (op === 'MaxPool') layer.kernel = attributes.kernel_shape.value[0];
      return layer;
    }),
  );
}
