/** Models that take more than a picture, from end to end: compiled, inspected, split, audited and planned. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeCard } from '../../src/data/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import {
  inspectModel,
  int64,
  loadModel,
  modelSha256,
  saveModel,
  splitModel,
  type Tensors,
} from '../../src/model/index.ts';
import { planSchema } from '../../src/plan/index.ts';
import { createRandom } from '../../src/random.ts';
import { difference, numbers } from '../support/compare.ts';
import { randomTensor } from '../support/networks.ts';
import { npy } from '../support/npy.ts';
import { clip, detector, filled, siamese, vad } from '../support/several-inputs.ts';
import { cutline, documentOf, quick, type Workshop, workshop } from './workshop.ts';

let shop: Workshop;
let engine: Engine;
const path = (name: string) => shop.path(`${name}.onnx`);
const tokens = int64([3, 1, 4, 1, 5, 9], [1, 6]);
const words = ['--input', 'text=3,1,4,1,5,9'];

beforeAll(async () => {
  shop = await workshop();
  engine = await createEngine({ threads: 1 });
  await saveModel(clip({ batch: 'pictures', textBatch: 'texts' }), path('clip'));
  await saveModel(clip({ batch: 'batch' }), path('clip-one-batch'));
  await saveModel(detector({ batch: 'batch' }), path('detector'));
  await saveModel(detector(), path('detector-fixed'));
  await saveModel(vad({ batch: 'batch' }), path('vad'));
  await saveModel(siamese(), path('siamese'));
  await writeFile(shop.path('text.npy'), npy([1, 6], tokens.data as BigInt64Array, { descr: '<i8' }));
});
afterAll(async () => {
  await engine?.close();
  await shop?.remove();
});

interface Listed {
  readonly id: string;
  readonly tensors: readonly { readonly name: string }[];
  readonly inputs?: { readonly needs: string[]; readonly whole: string[]; readonly fix: string[] | null };
}
const cutsOf = async (model: string, ...inputs: string[]) => (await inspectModel(model, engine, { inputs })).cuts;

async function run(file: string, feeds: Tensors): Promise<Tensors> {
  const session = await engine.load(await readFile(file), { optimization: 'disabled' });
  try {
    return await session.run(Object.fromEntries(session.inputs.map(({ name }) => [name, feeds[name]!])));
  } finally {
    await session.close();
  }
}

describe('cutline inspect', () => {
  it('says of each cut what it has to do with the inputs', async () => {
    const document = await documentOf('inspect', path('clip'));
    expect(document.model).toMatchObject({ picture: 'input' });
    const cuts = document.cuts as Listed[];
    expect(cuts.find((c) => c.id === 'text+conv1')!.inputs).toEqual({ needs: ['input'], whole: ['text'], fix: [] });
    expect(cuts.find((c) => c.id === 'alike')!.inputs).toEqual({ needs: ['input', 'text'], whole: [], fix: ['text'] });
    const { stdout } = await cutline('inspect', path('clip'));
    expect(stdout).toMatch(/tail kpar +audit\n/);
    expect(stdout).toMatch(/\nalike .* fix text\n/);
    expect(stdout).toMatch(/\ntext\+conv1 .* yes\n/);
  });

  it('lists a chain once what is beside the picture is fixed', async () => {
    const cuts = await cutsOf(path('clip'), 'text=3,1,4,1,5,9');
    const chain = ['input', 'conv1', 'relu1', 'conv2', 'relu2', 'gap', 'flat', 'image', 'alike', 'output'];
    expect(cuts.map((c) => c.id)).toEqual(chain);
    expect(cuts.every((c) => c.inputs === undefined)).toBe(true);
    const { model } = await documentOf('inspect', path('clip'), '--input', `text=${shop.path('text.npy')}`);
    const sha256 = modelSha256(new Uint8Array((tokens.data as BigInt64Array).buffer));
    expect(model).toMatchObject({ fixed: [{ name: 'text', dtype: 'int64', shape: [1, 6], sha256 }] });
    expect(model).not.toHaveProperty('picture');
  });

  it('counts what is fixed as computed, also where it shares the batch of the picture', async () => {
    const figures = async (name: string) => {
      const { model, cuts } = await inspectModel(path(name), engine, { inputs: ['text=3,1,4,1,5,9'] });
      return [model.macs, model.parameters, cuts];
    };
    expect(await figures('clip-one-batch')).toEqual(await figures('clip'));
  });

  it('knows no picture where there is none, or where two could be it and no card says which', async () => {
    const { model, cuts } = await inspectModel(path('siamese'), engine);
    expect(model.picture).toBeNull();
    expect(cuts.every((c) => c.inputs?.fix === null)).toBe(true);
    expect((await inspectModel(path('vad'), engine)).model.picture).toBeNull();
    await saveModel(siamese(), path('twins'));
    await writeCard(path('twins'), {
      format: 'cutline.card/1',
      name: 'twins',
      input: 'other',
      preprocessing: { layout: 'NCHW', channels: 3, height: 16, width: 16, mean: [0, 0, 0], std: [1, 1, 1] },
    });
    expect((await documentOf('inspect', path('twins'))).model).toMatchObject({ picture: 'other' });
  });

  it('sees into the branch that a fixed rate decides', async () => {
    const closed = await cutsOf(path('vad'));
    expect(closed.map((c) => c.id)).toEqual(['input', 'output']);
    const open = await cutsOf(path('vad'), 'sr=16000', 'state=0');
    expect(open.map((c) => c.id)).toContain('features');
  });
});

describe('cutline split', () => {
  const picture = (n: number) => randomTensor([n, 3, 16, 16], createRandom(3));
  const cases: [string, string, string[], Tensors, Tensors][] = [
    ['clip', 'text+relu1', [], { input: picture(2), text: int64([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], [2, 6]) }, {}],
    ['clip', 'relu1', ['text=3,1,4,1,5,9'], { input: picture(3) }, { text: tokens }],
    ['clip', 'alike', ['text=3,1,4,1,5,9'], { input: picture(2) }, { text: tokens }],
    ['clip-one-batch', 'relu1', ['text=3'], { input: picture(2) }, { text: int64(Array(12).fill(3), [2, 6]) }],
    ['detector', 'im_shape+scale_factor+conv2', [], sides(2), {}],
    ['detector', 'conv2', ['im_shape=640', 'scale_factor=0.5'], { input: picture(2) }, sides(2)],
    ['detector-fixed', 'flat', ['im_shape=640,640', 'scale_factor=.5'], sides(1), sides(1)],
    ['vad', 'state+features', ['sr=16000'], sound(2), { sr: int64([16000], []) }],
    ['vad', 'next', ['sr=8000', 'state=0'], sound(2), { sr: int64([8000], []) }],
  ];
  function sides(n: number): Tensors {
    return { input: picture(n), im_shape: filled([n, 2], 640), scale_factor: filled([n, 2], 0.5) };
  }
  function sound(n: number): Tensors {
    return { audio: randomTensor([n, 64], createRandom(4)), state: filled([2, n, 6], 0) };
  }

  it.each(cases)('writes halves of %s at %s that are the whole', async (name, at, inputs, feeds, beside) => {
    const out = shop.path(`${name}-${at.replaceAll('+', '-')}`);
    const { head, tail } = await splitModel(path(name), engine, { at, out, inputs });
    const halves = await run(tail, await run(head, feeds));
    expect(halves).toEqual(await run(path(name), { ...feeds, ...beside }));
    const fixed = inputs.map((text) => text.split('=')[0]);
    expect((await loadModel(head)).inputs.map((v) => v.name).filter((input) => fixed.includes(input))).toEqual([]);
  });

  it('says what an audit can reach', async () => {
    const split = async (at: string) =>
      (await cutline('split', path('clip'), '--at', at, '--out', shop.path('x'))).stderr;
    expect(await split('text+conv1')).toContain('text is sent as it is; an audit reaches this cut with pictures');
    expect(await split('alike')).toContain('an audit reaches this cut only with --input text=');
  });
});

describe('cutline audit', () => {
  const few = () => [
    '--data',
    shop.data,
    '--size',
    '3x16x16',
    '--images',
    '2',
    '--iterations',
    '3',
    '--lambda-tv',
    '0',
  ];
  const rmle = () => [...few(), '--attack', 'rmle'];
  it('reaches the tower of the picture, and the whole once the rest is fixed', async () => {
    const beside = await documentOf('audit', path('clip'), ...rmle(), '--at', 'relu1');
    expect(beside.results).toMatchObject([{ cut: 'text+relu1' }]);
    expect(beside.model).not.toHaveProperty('fixed');
    const fixed = await documentOf('audit', path('clip'), ...rmle(), '--at', 'relu1', ...words);
    expect(fixed.results).toMatchObject([{ cut: 'relu1' }]);
    expect(fixed.model).toMatchObject({ fixed: [{ name: 'text' }] });
  });

  it('says what to fix, and how', async () => {
    const { code, stdout, stderr } = await cutline('audit', path('clip'), ...rmle(), '--at', 'alike');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /alike hangs on text beside the picture.*cutline audit .*clip\.onnx .*--input text=1 \[AUDIT_BESIDE\]/,
    );
    const one = await documentOf('audit', path('siamese'), ...rmle(), '--at', 'left', '--input', 'other=0');
    expect(one.results).toHaveLength(1);
  });

  it('keeps attacks apart that were made with other values', async () => {
    const cached = [...rmle(), '--at', 'relu1', '--cache', shop.path('cache')];
    const seconds = async (...args: string[]) =>
      ((await documentOf('audit', path('clip'), ...cached, ...args)).results as { seconds: number }[])[0]!.seconds;
    const first = await seconds(...words);
    expect(await seconds(...words)).toBe(first);
    expect(await seconds('--input', 'text=1')).not.toBe(first);
  });
});

describe('cutline gradient', () => {
  it('knows the picture alone', async () => {
    const out = shop.path('gradient.onnx');
    const document = await documentOf('gradient', path('clip'), '--at', 'relu1', '--out', out, ...words);
    expect(document).toMatchObject({ inputs: ['input', 'cotangent:relu1'], outputs: ['gradient:input'] });
  });
});

describe('cutline plan', () => {
  const machines = ['--device', 'raspberry-pi-4', '--cloud', 'cloud-generic', '--link', 'link-ethernet'];
  const asked = [...machines, '--max-ssim', '1', '--require-split'];

  it('plans a model whose only input is the picture, and says what else it took', async () => {
    const audit = shop.path('audit.json');
    const few = [...quick(shop), '--size', '3x16x16', '--at', 'conv2'];
    await documentOf('audit', path('clip'), ...few, ...words, '--out', audit);
    const out = shop.path('plan');
    await documentOf('plan', path('clip'), ...asked, '--audit', audit, ...words, '--out', out);
    const plan = planSchema.parse(JSON.parse(await readFile(`${out}/plan.json`, 'utf8')));
    expect(plan.model.sha256).toBe(modelSha256(await readFile(path('clip'))));
    expect(plan.model.fixed).toMatchObject([{ name: 'text', dtype: 'int64', shape: [1, 6] }]);
    expect(plan.head!.sha256).toBe(modelSha256(await readFile(`${out}/head.onnx`)));
    const x = { input: randomTensor([1, 3, 16, 16], createRandom(9)) };
    const halves = await run(`${out}/tail.onnx`, await run(`${out}/head.onnx`, x));
    const whole = await run(path('clip'), { ...x, text: tokens });
    expect(difference(numbers(halves.output!), numbers(whole.output!))).toBe(0);

    const other = await cutline('plan', path('clip'), ...asked, '--audit', audit, '--input', 'text=1');
    expect(other.stderr).toMatch(/text fixed \(.*here it has text fixed.*\[AUDIT_OTHER_INPUTS\]/);
    const alone = await cutline('plan', path('clip'), ...asked, '--audit', audit);
    expect([alone.code, alone.stdout]).toEqual([2, '']);
    expect(alone.stderr).toMatch(/takes text beside input.*--input text=1 \[PLAN_BESIDE\]/);
  });
});
