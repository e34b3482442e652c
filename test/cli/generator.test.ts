/** A generator from training to attack, as somebody would do it. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCard } from '../../src/data/index.ts';
import { modelSha256 } from '../../src/model/index.ts';
import { cutline, type Workshop, workshop } from './workshop.ts';

let shop: Workshop;
beforeAll(async () => {
  shop = await workshop();
});
afterAll(() => shop?.remove());

async function documentOf(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await cutline(...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

const trainingOf = (out: string) => [
  'train',
  'autoencoder',
  '--data',
  shop.data,
  '--epochs',
  '6',
  '--code',
  '8',
  '--threads',
  '1',
  '--out',
  out,
];
const auditOf = (...more: string[]) =>
  [
    'audit',
    shop.model,
    '--data',
    shop.data,
    '--at',
    'ReLU1',
    '--images',
    '3',
    '--iterations',
    '30',
    '--threads',
    '1',
  ].concat(['--gallery', '10'], more);

describe('a generator', () => {
  it('is trained, written with its card, the same for a seed, and attacks', async () => {
    const [a, b] = [shop.path('a.onnx'), shop.path('b.onnx')];
    const document = await documentOf(...trainingOf(a));
    await documentOf(...trainingOf(b));
    expect(document).toMatchObject({ format: 'cutline.train/1', model: a, pictures: 90 });
    expect(document.sha256).toBe(modelSha256(await readFile(a)));
    expect(await readFile(b)).toEqual(await readFile(a));
    const card = await readCard(a);
    expect(card).toMatchObject({ input: 'code', preprocessing: { mean: [0], std: [1], height: 28 } });
    expect(card.training?.validationPsnr).toBe(document.validationPsnr);

    const { results } = await documentOf(...auditOf('--attack', 'latent', '--generator', a));
    expect(results).toMatchObject([{ attack: 'latent', threat: 'white-box', parameters: { code: 8 } }]);
  });

  it('that makes other pictures is refused with exit 2 and one sentence', async () => {
    const out = shop.path('small.onnx');
    await documentOf(...trainingOf(out), '--size', '1x20x20');
    const { code, stderr } = await cutline(...auditOf('--attack', 'latent', '--generator', out));
    expect(code).toBe(2);
    expect(stderr).toMatch(/Generator generator makes pixels float32 \[2,1,20,20\].*\[n,1,28,28\].*GENERATOR_UNFIT/);
    expect(stderr).not.toMatch(/ at /);
  });

  it('is trained by the attack itself when none is given, and no prior at all is there by name', async () => {
    const { results } = await documentOf(...auditOf('--attack', 'latent', '--attack', 'deep-prior'));
    expect(results).toMatchObject([
      { attack: 'latent', parameters: { generator: 'autoencoder same-set' } },
      { attack: 'deep-prior' },
    ]);
  });

  it('has sizes that are sizes', async () => {
    const { code, stderr } = await cutline('train', 'autoencoder', '--data', shop.data, '--size', '2x28');
    expect(code).toBe(2);
    expect(stderr).toMatch(/--size is channels/);
  });
});
