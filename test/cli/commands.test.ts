/** The compiled command doing its work: one document on stdout, files whole or not at all, and an end when told to. */
import { chmod, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCard } from '../../src/data/index.ts';
import { createEngine } from '../../src/engine/index.ts';
import {
  asFloat32,
  bindBatch,
  float32,
  GraphBuilder,
  loadModel,
  modelSha256,
  parseModel,
  saveModel,
} from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { numbers } from '../support/compare.ts';
import { randomTensor } from '../support/networks.ts';
import { runReference } from '../support/reference/index.ts';
import { cutline, cutlineInShell, documentOf, quick, start, type Workshop, workshop } from './workshop.ts';

let shop: Workshop;
beforeAll(async () => {
  shop = await workshop();
});
afterAll(() => shop?.remove());

describe('cutline gradient', () => {
  it('writes a graph that any runtime runs, with the gradient that differences show', async () => {
    const out = shop.path('gradient.onnx');
    const document = await documentOf(
      'gradient',
      shop.model,
      '--at',
      'ReLU2',
      '--shape',
      'input=2,1,28,28',
      '--out',
      out,
    );
    expect(document).toEqual({
      format: 'cutline.gradient/1',
      cut: 'ReLU2',
      graph: out,
      sha256: modelSha256(await readFile(out)),
      inputs: ['input', 'cotangent:ReLU2'],
      outputs: ['gradient:input'],
    });
    const engine = await createEngine({ threads: 1 });
    try {
      const gradient = await engine.load(await readFile(out));
      const model = await loadModel(shop.model);
      const head = {
        ...bindBatch(model, 2),
        outputs: [{ name: 'ReLU2', dtype: 'float32' as const, shape: [2, 8, 14, 14] }],
      };
      const random = createRandom(4);
      const [x, u] = [randomTensor([2, 1, 28, 28], random), randomTensor([2, 1, 28, 28], random)];
      const cotangent = randomTensor([2, 8, 14, 14], random);
      const result = await gradient.run({ input: x, 'cotangent:ReLU2': cotangent });
      const along = dot(asFloat32(result['gradient:input']), asFloat32(u));
      // The obvious interpreter counts in float64: a step so small that it meets no crease of Relu or MaxPool.
      const h = 1e-6;
      const at = (sign: number) => {
        const moved = Float64Array.from(asFloat32(x), (v, i) => v + sign * h * asFloat32(u)[i]!);
        return numbers(runReference(head, { input: { dtype: 'float64', shape: x.shape, data: moved } }).ReLU2!);
      };
      const [up, down] = [at(1), at(-1)];
      const measured = dot(
        up.map((v, i) => (v - down[i]!) / (2 * h)),
        asFloat32(cotangent),
      );
      expect(Math.abs(measured)).toBeGreaterThan(0.5);
      expect(Math.abs(along - measured)).toBeLessThan(1e-4 * Math.abs(measured));
    } finally {
      await engine.close();
    }
  });
});

describe('cutline gradient of a head that rounds', () => {
  it.each(['Round', 'ArgMax'])('is refused by name, and writes no file: %s', async (op) => {
    const b = new GraphBuilder(17);
    const conv = b.op('Conv', [
      b.input('x', 'float32', [1, 1, 6, 6]),
      b.initializer(randomTensor([2, 1, 3, 3], createRandom(1))),
    ]);
    const flat = b.op('Cast', [b.op(op, [conv], {}, 'rounded')], { to: 1 }, 'cut');
    b.output(b.op('ReduceSum', [flat], {}, 'y'));
    const [model, out] = [shop.path(`${op}.onnx`), shop.path(`${op}-gradient.onnx`)];
    await saveModel(b.build(), model);
    const { code, stderr } = await cutline('gradient', model, '--at', 'cut', '--out', out);
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`Node rounded: operator ${op} .*NO_GRADIENT_RULE`));
    await expect(readFile(out)).rejects.toThrow('ENOENT');
  });
});

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, v, i) => sum + v * b[i]!, 0);

describe('cutline train', () => {
  it('writes a network with its card, the same for the same seed', async () => {
    const args = ['train', 'lenet', '--data', shop.data, '--epochs', '1', '--batch', '16', '--threads', '1'];
    const [a, b] = [shop.path('a/net.onnx'), shop.path('b/net.onnx')];
    const document = await documentOf(...args, '--out', a);
    await documentOf(...args, '--out', b);
    expect(document).toMatchObject({ format: 'cutline.train/1', model: a, card: shop.path('a/net.card.yaml') });
    expect(document.sha256).toBe(modelSha256(await readFile(a)));
    expect(await readFile(b)).toEqual(await readFile(a));
    expect(parseModel(await readFile(a), { folders: [shop.dir], path: 'net.onnx' }).outputs).toHaveLength(1);
    const card = await readCard(a);
    expect(card.training).toMatchObject({ seed: 1, epochs: 1, testAccuracy: document.testAccuracy, testImages: 20 });
    // The card is public: no path of this machine.
    expect(await readFile(shop.path('a/net.card.yaml'), 'utf8')).not.toContain(shop.dir);
  });

  it('stops on a signal without leaving a network', async () => {
    const out = shop.path('never.onnx');
    const running = start('train', 'lenet', '--data', shop.data, '--epochs', '10000', '--batch', '16', '--out', out);
    await running.says(/epoch 3\//);
    expect(await running.stop('SIGTERM')).toBe(1);
    expect(running.stderr()).toMatch(/cutline: Cancelled\. \[CANCELLED\]\n$/);
    expect((await readdir(shop.dir)).filter((name) => name.includes('never'))).toEqual([]);
  });
});

describe('the other commands', { concurrent: true }, () => {
  it('print one document with their format', async ({ expect }) => {
    const inspected = await documentOf('inspect', shop.model);
    expect(inspected.format).toBe('cutline.inspect/1');
    const divided = await documentOf('split', shop.model, '--at', 'ReLU2', '--out', shop.path('halves'));
    expect(divided).toMatchObject({ format: 'cutline.split/1', cut: 'ReLU2' });
    expect((await readdir(shop.path('halves'))).sort()).toEqual(['head.onnx', 'tail.onnx']);
  });

  it('plan from what audit wrote, and say with exit 3 when there is no plan', async ({ expect }) => {
    const audit = shop.path('for-plan.json');
    await documentOf('audit', shop.model, ...quick(shop), '--at', 'conv1', '--at', 'fc1act', '--out', audit);
    const machines = ['--device', 'raspberry-pi-4', '--cloud', 'cloud-generic', '--link', 'link-wifi'];
    const plan = (...more: string[]) => cutline('plan', shop.model, ...machines, '--audit', audit, '--json', ...more);
    const found = await plan('--require-split', '--max-ssim', '1', '--out', shop.path('plan'));
    expect(found.code, found.stderr).toBe(0);
    const document = JSON.parse(found.stdout);
    expect(document.format).toMatch(/^cutline\.plan\//);
    expect(['conv1', 'fc1act']).toContain(document.chosen.cut);
    expect((await readdir(shop.path('plan'))).sort()).toEqual(['head.onnx', 'plan.json', 'tail.onnx']);
    const none = await plan('--require-split', '--max-ssim', '-1', '--out', shop.path('no-plan'));
    expect(none.code).toBe(3);
    expect(JSON.parse(none.stdout)).toMatchObject({ format: 'cutline.no-plan/1', chosen: null });
    await expect(readdir(shop.path('no-plan'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

/** Every command that writes, told to write to `path`. */
const writers = (s: Workshop, path: string): [string, string[]][] => [
  ['audit --out', ['audit', s.model, ...quick(s), '--at', 'conv1', '--out', path]],
  ['audit --sheet', ['audit', s.model, ...quick(s), '--at', 'conv1', '--sheet', path]],
  ['gradient', ['gradient', s.model, '--at', 'conv1', '--out', path]],
  ['train', ['train', 'lenet', '--data', s.data, '--epochs', '1', '--out', path]],
  ['split', ['split', s.model, '--at', 'conv1', '--out', path]],
  ['demo', ['demo', '--data', s.data, '--model', s.model, '--out', path]],
];

describe('an output that cannot be written', { concurrent: true }, () => {
  it.for(['audit --out', 'audit --sheet', 'gradient', 'train', 'split', 'demo'])(
    '%s: below a regular file it is told, before the work, and nothing is left behind',
    async (name, { expect }) => {
      // A folder of its own: other tests write beside each other in the workshop, at the same time.
      const folder = await mkdtemp(shop.path('walled-'));
      const wall = join(folder, 'wall.yaml');
      await writeFile(wall, '');
      const args = writers(shop, join(wall, 'below', 'file.onnx')).find(([n]) => n === name)![1];
      const { code, stdout, stderr } = await cutline(...args);
      expect([code, stdout], stderr).toEqual([1, '']);
      expect(stderr).toMatch(/cutline: .*wall\.yaml.*: cannot write .*\[OUTPUT_NOT_WRITABLE\]\n$/);
      // Told before anything was attacked, trained or profiled.
      expect(stderr).not.toMatch(/SSIM|epoch|profil/);
      expect(await readdir(folder)).toEqual(['wall.yaml']);
    },
  );

  it.for(['audit --out', 'gradient', 'train'])(
    '%s: a full device is told and stays a device',
    async (name, { expect }) => {
      const args = writers(shop, '/dev/full').find(([n]) => n === name)![1];
      const { code, stderr } = await cutline(...args);
      expect(code, stderr).toBe(1);
      expect(stderr).toMatch(/\/dev\/full: cannot write \(ENOSPC\)/);
      expect((await stat('/dev/full')).isCharacterDevice()).toBe(true);
      expect(await readdir('/dev').then((names) => names.filter((n) => n.includes('.full.')))).toEqual([]);
    },
  );

  it('a folder in its place is told', async ({ expect }) => {
    await mkdir(shop.path('folder.json'), { recursive: true });
    const args = writers(shop, shop.path('folder.json'))[0]![1];
    const { code, stderr } = await cutline(...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/folder\.json: cannot write \(EISDIR\)/);
    expect(stderr).not.toContain('SSIM');
  });

  it('a full disk behind > is one sentence, and no success', async ({ expect }) => {
    const { code, stderr } = await cutlineInShell(['inspect', shop.model, '--json'], '> /dev/full');
    expect(code).toBe(1);
    expect(stderr).toMatch(/cutline: standard output: cannot write \(ENOSPC\)/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('a reader that hangs up early is no failure to shout about', async ({ expect }) => {
    const { stderr } = await cutlineInShell(['inspect', shop.model, '--json'], '| head -c 10');
    expect(stderr).not.toMatch(/EPIPE|Error|\n\s+at /);
  });

  it('/dev/stdout is a place to write to', async ({ expect }) => {
    const args = ['audit', shop.model, ...quick(shop), '--at', 'conv1', '--out', '/dev/stdout'];
    const { stdout, stderr } = await cutlineInShell(args, '| cat');
    expect(stderr).not.toContain('cannot write');
    expect(stdout.trimStart()).toMatch(/^\{\s+"format": "cutline\.audit\/1"/);
  });

  it('what was there before stays whole when the new cannot be made', async ({ expect }) => {
    const path = shop.path('kept.onnx');
    await writeFile(path, 'kept');
    const { code } = await cutline('gradient', shop.truncated, '--at', 'conv1', '--out', path);
    expect(code).toBe(2);
    expect(await readFile(path, 'utf8')).toBe('kept');
  });
});

it('weights that are no numbers are told, not scored', async () => {
  const model = await loadModel(shop.model);
  const w = model.initializers.get('conv1.weight')!;
  const bad = float32(Float32Array.from(asFloat32(w)).fill(Number.NaN), w.shape);
  const { encodeModel } = await import('../../src/model/index.ts');
  await writeFile(
    shop.path('nan.onnx'),
    encodeModel({ ...model, initializers: new Map([...model.initializers, ['conv1.weight', bad]]) }),
  );
  await writeFile(shop.path('nan.card.yaml'), await readFile(shop.path('net.card.yaml')));
  await chmod(shop.path('nan.onnx'), 0o444);
  const { code, stdout, stderr } = await cutline('audit', shop.path('nan.onnx'), ...quick(shop));
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/cutline: Cut conv1: tensor conv1 has values that are NaN.*\[ACTIVATION_NOT_FINITE\]/);
});
