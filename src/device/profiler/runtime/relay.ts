/** A network that computes next to nothing, cut in the middle: what its deployment takes is the runtime's own. */
import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../../files.ts';
import { encodeModel, float32, type Graph, GraphBuilder, modelSha256 } from '../../../model/index.ts';
import { idOfPlan, type Plan } from '../../../plan/index.ts';
import { createRandom } from '../../../random.ts';

/** Of input and activation: side × side numbers of float32. */
export const relayBytes = (side: number): number => 4 * side * side;

export function relayHalves(side: number): { readonly head: Graph; readonly tail: Graph } {
  const shape = [1, 1, side, side];
  const h = new GraphBuilder();
  const input = h.input('picture', 'float32', shape);
  h.op('Mul', [input, h.initializer(float32(new Float32Array([0.5]), [1]))], {}, 'activation');
  h.output('activation', 'float32', shape);
  const t = new GraphBuilder();
  t.op('GlobalAveragePool', [t.input('activation', 'float32', shape)], {}, 'answer');
  t.output('answer', 'float32', [1, 1, 1, 1]);
  return { head: h.build(), tail: t.build() };
}

export interface RelayFiles {
  readonly agent: string;
  readonly consumer: string;
  readonly results: string;
}

/** Plan, halves, configurations and a picture in a folder. Nobody is in the picture, so the plan asks for no evidence. */
export async function writeRelay(
  folder: string,
  side: number,
  options: { readonly url: string; readonly threads: number; readonly inferences: number },
): Promise<RelayFiles> {
  const halves = relayHalves(side);
  const part = async (file: string, graph: Graph) => {
    const bytes = encodeModel(graph);
    await writeAtomically(join(folder, file), bytes);
    return { file, sha256: modelSha256(bytes), bytes: bytes.length };
  };
  const shape = [1, 1, side, side];
  const unnamed: Omit<Plan, 'planId'> = {
    format: 'cutline.plan/1',
    serial: 0,
    created: '2000-01-01T00:00:00Z',
    model: { name: 'relay', sha256: '0'.repeat(64) },
    cut: { id: 'activation', tensors: [{ name: 'activation', dtype: 'float32', shape }] },
    head: await part('head.onnx', halves.head),
    tail: await part('tail.onnx', halves.tail),
    answer: [{ name: 'answer', dtype: 'float32', shape: [1, 1, 1, 1] }],
    codec: 'float32',
    defense: 'none',
    picture: {
      input: 'picture',
      preprocessing: { layout: 'NCHW', channels: 1, height: side, width: side, mean: [0.5], std: [0.5] },
    },
    thresholds: { threat: 'white-box', maxSsim: 1, objective: 'latency' },
    evidence: [],
    predicted: unpriced,
    profiles: { device: 'none', cloud: 'none', link: 'none' },
  };
  const plan: Plan = { ...unnamed, planId: idOfPlan(unnamed) };
  await writeAtomically(join(folder, 'plan.json'), JSON.stringify(plan));
  const images = await writePictures(folder, side, options.inferences);
  const common = { broker: { url: options.url }, fleet: 'profile', plan: 'plan.json', threads: options.threads };
  const agent = join(folder, 'agent.yaml');
  const consumer = join(folder, 'consumer.yaml');
  // A slow machine must not send again what it is still at.
  const patient = { timeoutMs: 20_000, giveUpAfterS: 60 };
  await writeAtomically(agent, JSON.stringify({ ...common, ...patient, device: 'profiler', images }));
  await writeAtomically(consumer, JSON.stringify({ ...common, giveUpAfterS: 60 }));
  return { agent, consumer, results: join(folder, 'results.jsonl') };
}

const unpriced: Plan['predicted'] = {
  latencyMs: { total: 0, head: 0, encode: 0, network: 0, tail: 0 },
  energyMj: null,
  activationBytes: 0,
  wireBytes: 0,
  downloadBytes: 0,
  accuracy: null,
  agreement: null,
  sources: {
    head: 'modelled',
    encode: 'modelled',
    network: 'modelled',
    tail: 'modelled',
    energy: null,
    wireBytes: 'modelled',
  },
};

/** One picture under many names: decoders keep what they have read, by name, and a camera never sends the same twice. */
async function writePictures(folder: string, side: number, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `${i}.png`);
  const [first, ...others] = names as [string, ...string[]];
  await writeAtomically(join(folder, first), await noisePicture(side));
  for (const name of others) await link(join(folder, first), join(folder, name));
  return names;
}

async function noisePicture(side: number): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  const random = createRandom(side);
  const pixels = Uint8Array.from({ length: side * side }, () => random.int(256));
  return sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
}
