/** A model that takes more than a picture, planned with the rest fixed, run by agent and consumer. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Preprocessing, preprocess, writeCard } from '../../src/data/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { asFloat32, int64, saveModel, splitModel, type Tensor } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { clip } from '../support/several-inputs.ts';
import { type Fleet, fleet, summaryOf } from './support/fleet.ts';
import { cutline } from './support/processes.ts';

const size = { channels: 3, height: 16, width: 16 } as const;
const preprocessing: Preprocessing = { layout: 'NCHW', ...size, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const words = ['--input', 'text=3,1,4,1,5,9'];
const text = int64([3, 1, 4, 1, 5, 9], [1, 6]);
const images = 6;

let folder: string;
let engine: Engine;
let f: Fleet;
const inputs: Tensor[] = [];
const model = () => join(folder, 'clip.onnx');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-e2e-inputs-'));
  engine = await createEngine({ threads: 1 });
  await saveModel(clip({ batch: 'pictures', textBatch: 'texts' }), model());
  await writeCard(model(), { format: 'cutline.card/1', name: 'clip', input: 'input', preprocessing });
  await mkdir(join(folder, 'images'));
  const random = createRandom(3);
  for (let i = 0; i < images; i++) {
    const data = Uint8Array.from({ length: 768 }, () => random.int(256));
    const raw = { width: 16, height: 16, channels: 3 as const };
    await sharp(data, { raw })
      .png()
      .toFile(join(folder, `images/${i}.png`));
    const planes = Uint8Array.from({ length: 768 }, (_, at) => data[(at % 256) * 3 + Math.floor(at / 256)]!);
    inputs.push(preprocess({ count: 1, ...size, data: planes }, preprocessing));
  }
  const config = async (name: string, content: Record<string, unknown>) => {
    const path = join(folder, name);
    await writeFile(path, JSON.stringify(content));
    return path;
  };
  f = await fleet('aedes', { folder, config });
});
afterAll(async () => {
  await f?.end();
  await engine?.close();
  await rm(folder, { recursive: true, force: true });
});

async function ended(...args: string[]): Promise<string> {
  const running = cutline(...args);
  expect(await running.ended, running.stderr()).toBe(0);
  return running.stdout();
}

it('answers as the model does that is fed with picture and text', async () => {
  const audit = join(folder, 'audit.json');
  const attack = ['--attack', 'rmle', '--images', '2', '--iterations', '3', '--lambda-tv', '0', '--no-cache'];
  await ended('audit', model(), '--data', join(folder, 'images'), '--at', 'conv2', ...attack, ...words, '--out', audit);
  const machines = ['--device', 'raspberry-pi-4', '--cloud', 'cloud-generic', '--link', 'link-ethernet'];
  const asked = ['--max-ssim', '1', '--require-split', '--codec', 'float32', '--out', folder];
  await ended('plan', model(), ...machines, '--audit', audit, ...asked, ...words);

  await f.broker();
  await f.consumer();
  const results = join(folder, 'results.jsonl');
  const agent = await f.agent({}, '--results', results);
  expect(await agent.ended, agent.stderr()).toBe(0);
  expect(summaryOf(agent)).toMatchObject({ cut: 'conv2', inferences: { total: images, answered: images, failed: 0 } });
  expect(agent.stderr()).toMatch(/input text is fixed in the head and tail \([0-9a-f]{12}…\)/);
  const lines = (await readFile(results, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const whole = await engine.load(await readFile(model()));
  for (const { index, outputs } of lines) {
    const expected = asFloat32((await whole.run({ input: inputs[index]!, text })).output);
    expect(Math.abs(outputs.output.values[0] - expected[0]!)).toBeLessThan(1e-5);
    const other = asFloat32(
      (await whole.run({ input: inputs[index]!, text: int64([1, 1, 1, 1, 1, 1], [1, 6]) })).output,
    );
    expect(Math.abs(other[0]! - expected[0]!)).toBeGreaterThan(1e-4);
  }
  await whole.close();

  // A tail with another text fixed is not the one of the plan.
  await splitModel(model(), engine, { at: 'conv2', out: join(folder, 'other'), inputs: ['text=1'] });
  await copyFile(join(folder, 'other/tail.onnx'), join(folder, 'tail.onnx'));
  const config = join(folder, 'consumer-0.yaml');
  const refused = cutline('consumer', '--config', config);
  expect(await refused.ended).toBe(2);
  expect(refused.stderr()).toMatch(/\[PLAN_OTHER_FILE\]/);
});
