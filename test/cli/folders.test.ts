/** The compiled command among the folders of careless users: one set, one cache, and no work lost to a bad place. */
import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import { loadModel } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { writeTree } from '../data/fixtures.ts';
import { fullDisk } from '../support/full-disk.ts';
import { skip } from '../support/shared.ts';
import { cutline, cutlineAs, cutlineInShell, type Ended, type Workshop, workshop } from './workshop.ts';

// A command starts in a second, where nothing else runs.
vi.setConfig({ testTimeout: 180_000 });

let shop: Workshop;
beforeAll(async () => {
  shop = await workshop();
  await drawPictures(shop.path('pics'), 12);
});
afterAll(() => shop?.remove());

async function drawPictures(folder: string, count: number): Promise<void> {
  await mkdir(folder);
  const random = createRandom(3);
  const raw = { width: 28, height: 28, channels: 1 } as const;
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from({ length: 784 }, () => random.int(256));
    const image = sharp(data, { raw }).toColourspace('b-w').png();
    await image.toFile(join(folder, `${String(i).padStart(2, '0')}.png`));
  }
}

/** A short audit of one cut. */
const audit = (data: string) =>
  `audit ${shop.model} --data ${data} --at conv1 --images 2 --iterations 3 --lambda-tv 0 --attack rmle`.split(' ');

/** One sentence on stderr, nothing on stdout, no stack. */
function refused({ code, stdout, stderr }: Ended, exit: number, message: RegExp): void {
  expect([code, stdout], stderr).toEqual([exit, '']);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/INTERNAL|\n\s+at |SSIM/);
}

/** Somebody without rights: root is refused nothing. */
function nobody(ctx: TestContext) {
  return process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : skip(ctx, 'only root can run a command as nobody');
}

describe('--data', () => {
  it('is one set with one digest and one cache, however its path is written', async () => {
    await symlink('pics', shop.path('way'));
    const cache = shop.path('one-cache');
    const results = new Set<string>();
    for (const data of ['pics', './pics/', shop.path('way')]) {
      const args = [...audit(data), '--cache', cache, '--json'];
      const { code, stdout, stderr } = await cutlineAs({ cwd: shop.dir }, ...args);
      expect(code, stderr).toBe(0);
      const { data: set, results: found } = JSON.parse(stdout);
      results.add(JSON.stringify([set.sha256, set.count, found]));
    }
    // The same to the last digit and to the second it took: two of the three took it from the cache.
    expect(results.size).toBe(1);
    expect(await readdir(cache)).toHaveLength(1);
  });

  it.each([
    ['a FIFO among the pictures', (dir: string) => execFileSync('mkfifo', [join(dir, 'm.png')]), /m\.png: .*a FIFO/],
    ['a device among them', (dir: string) => symlink('/dev/zero', join(dir, 'm.png')), /m\.png: .*a device/],
    ['a broken link', (dir: string) => symlink('gone', join(dir, 'm.png')), /m\.png: a link to gone/],
    ['a picture cut short', (dir: string) => cutShort(join(dir, '07.png')), /07\.png: not a picture/],
    ['an empty picture', (dir: string) => writeFile(join(dir, '07.png'), ''), /07\.png: .*the file is empty/],
  ])('%s: refused by name, before anything is attacked', async (_, spoil, message) => {
    const dir = join(await writeTree({ '.keep': '' }), 'pics');
    await cp(shop.path('pics'), dir, { recursive: true });
    await spoil(dir);
    refused(await cutline(...audit(dir)), 2, message);
  });

  it('a file, a FIFO and a data set without its folder are told apart', async () => {
    const fifo = shop.path('data-fifo');
    execFileSync('mkfifo', [fifo]);
    refused(await cutline(...audit(shop.path('pics/00.png'))), 2, /00\.png: a file, not a folder\. Give a folder of/);
    refused(await cutline(...audit(fifo)), 2, /data-fifo: a FIFO, not a folder/);
    refused(await cutline(...audit(`mnist:${shop.path('absent')}`)), 2, /absent: no such file or folder/);
  });

  it('folders and pictures that may not be read are named', async (ctx) => {
    const user = nobody(ctx);
    await chmod(shop.dir, 0o755);
    for (const [name, locked] of [
      ['locked', ''],
      ['locked-label', 'cat'],
      ['locked-picture', '07.png'],
    ] as const) {
      const dir = shop.path(name);
      await cp(shop.path('pics'), locked === 'cat' ? join(dir, 'cat') : dir, { recursive: true });
      await chmod(join(dir, locked), 0);
      const at = join(name, locked);
      refused(await cutlineAs(user, ...audit(dir), '--no-cache'), 2, new RegExp(`${at}: cannot read \\(EACCES\\)`));
    }
  });
});

async function cutShort(path: string): Promise<void> {
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, whole.length / 2));
}

describe('files that a command reads', () => {
  it('may be FIFOs, folders or broken links: told at once', async () => {
    const at = shop.path;
    execFileSync('mkfifo', [at('fifo')]);
    await symlink('blobs/gone', at('link.onnx'));
    const machines = ['--device', 'raspberry-pi-4', '--cloud', 'cloud-generic', '--link', 'link-wifi'];
    const commands: [string[], RegExp][] = [
      [['inspect', at('fifo')], /fifo: cannot read \(a FIFO, not a file\)/],
      [['inspect', shop.dir], /a folder, not a file/],
      [['inspect', at('link.onnx')], /link\.onnx: a link to blobs\/gone, which leads nowhere/],
      [['split', at('fifo'), '--at', 'conv1', '--out', at('halves')], /a FIFO/],
      [['plan', shop.model, ...machines, '--audit', at('fifo')], /a FIFO/],
      [['plan', shop.model, ...machines.with(1, at('fifo')), '--audit', at('fifo')], /a FIFO/],
      [['agent', '--config', at('fifo')], /a FIFO/],
      [['consumer', '--config', shop.dir], /a folder, not a file/],
      [['broker', '--port', '0', '--username', 'u', '--password-file', at('fifo')], /a FIFO/],
      [[...audit(at('pics')), '--attack', 'latent', '--generator', at('fifo')], /a FIFO/],
    ];
    for (const [args, message] of commands) refused(await cutline(...args), 2, message);
  });

  it('a card that is a broken link is told, not passed over', async () => {
    await cp(shop.model, shop.path('carded.onnx'));
    await symlink('gone', shop.path('carded.card.yaml'));
    const args = audit(shop.path('pics')).with(1, shop.path('carded.onnx'));
    refused(await cutline(...args, '--size', '1x28x28'), 2, /carded\.card\.yaml: a link to gone/);
  });
});

describe('a cache', () => {
  it('that cannot be written is told before the work, when it was chosen', async (ctx) => {
    await writeFile(shop.path('wall'), '');
    for (const cache of ['wall', 'wall/below']) {
      const ended = await cutline(...audit(shop.path('pics')), '--cache', shop.path(cache));
      refused(ended, 1, /wall: cannot write|wall\/below: cannot write/);
    }
    const user = nobody(ctx);
    const ended = await cutlineAs(user, ...audit(shop.path('pics')), '--cache', shop.path('below/cache'));
    refused(ended, 1, /below\/cache: cannot write \(EACCES\)/);
  });

  it('of the user that cannot be written is said, and the audit goes on', async () => {
    const env = { ...process.env, XDG_CACHE_HOME: shop.path('model-file') };
    await writeFile(shop.path('model-file'), '');
    const { code, stdout, stderr } = await cutlineAs({ env }, ...audit(shop.path('pics')), '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).results).toHaveLength(1);
    expect(stderr.match(/finished attacks are not kept: /g)).toHaveLength(1);
  });

  it('that fills up in the middle costs nothing but itself', async (ctx) => {
    // Room for the trial of 64 kB, and for five of six attacks of 9.5 kB in pages of 4.
    const disk = fullDisk(ctx, 68 * 1024);
    const args = [...audit(shop.path('pics')), '--at', 'ReLU2', '--at', 'fc1act'];
    const cache = join(disk, 'cache');
    const filled = [
      ...args.with(args.indexOf('--images') + 1, '3'),
      '--defense',
      'none',
      '--defense',
      'input.gauss(sd=0.1)',
    ];
    const { code, stdout, stderr } = await cutline(...filled, '--gallery', '3', '--cache', cache, '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).results.length).toBe(6);
    expect(stderr.match(/finished attacks are not kept: .*ENOSPC/g) ?? []).toHaveLength(1);
    const kept = await readdir(cache);
    expect(kept).toHaveLength(5);
    expect(kept.filter((name) => !name.endsWith('.attack'))).toEqual([]);
  });
});

describe('an output', () => {
  it('that fails at last leaves the others and the result on stdout', async () => {
    const sheet = shop.path('kept-sheet.png');
    const args = [...audit(shop.path('pics')), '--no-cache', '--out', '/dev/full', '--sheet', sheet, '--json'];
    const { code, stdout, stderr } = await cutline(...args);
    expect(code, stderr).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'cutline.audit/1', results: [{ cut: 'conv1' }] });
    expect(stderr).toMatch(/\/dev\/full: cannot write \(ENOSPC\)/);
    expect((await sharp(sheet).metadata()).format).toBe('png');
  });

  it('of a training is kept elsewhere when the disk has filled up meanwhile', async (ctx) => {
    const disk = fullDisk(ctx, 68 * 1024);
    const env = { ...process.env, TMPDIR: shop.path('temporary') };
    await mkdir(env.TMPDIR);
    const args = [
      'train',
      'lenet',
      '--data',
      shop.data,
      '--epochs',
      '1',
      '--batch',
      '16',
      '--out',
      join(disk, 'net.onnx'),
    ];
    const { code, stdout, stderr } = await cutlineAs({ env }, ...args);
    expect([code, stdout], stderr).toEqual([1, '']);
    expect(stderr).toMatch(/net\.onnx: cannot write \(ENOSPC\)/);
    const kept = /the network is kept in (.*)\n/.exec(stderr)![1]!;
    expect(kept.startsWith(env.TMPDIR)).toBe(true);
    expect((await loadModel(kept)).outputs).toHaveLength(1);
    expect(await readdir(disk)).toEqual([]);
  });

  it('in the place of a FIFO or a folder is refused before the work, whichever option names it', async () => {
    const fifo = shop.path('out-fifo');
    execFileSync('mkfifo', [fifo]);
    const folder = shop.path('out-folder');
    await mkdir(join(folder, 'plan.json'), { recursive: true });
    const data = shop.path('pics');
    const machines = ['--device', 'raspberry-pi-4', '--cloud', 'cloud-generic', '--link', 'link-wifi'];
    const commands: [string[], RegExp][] = [
      [[...audit(data), '--out', fifo], /out-fifo: cannot write \(a FIFO\)/],
      [[...audit(data), '--sheet', fifo], /out-fifo: cannot write \(a FIFO\)/],
      [[...audit(data), '--save-decoders', fifo], /out-fifo: .*is a FIFO, not a folder/],
      [[...audit(data), '--cache', fifo], /out-fifo: .*is a FIFO, not a folder/],
      [[...audit(data), '--sheet', folder], /out-folder: cannot write \(EISDIR\)/],
      [['plan', shop.model, ...machines, '--data', data, '--out', folder], /plan\.json: cannot write \(EISDIR\)/],
      [['profile', '--out', folder], /out-folder: cannot write \(EISDIR\)/],
      [['gradient', shop.model, '--at', 'conv1', '--out', fifo], /a FIFO/],
      [['split', shop.model, '--at', 'conv1', '--out', fifo], /is a FIFO, not a folder/],
      [['train', 'lenet', '--data', shop.data, '--epochs', '1', '--out', fifo], /a FIFO/],
    ];
    for (const [args, message] of commands) refused(await cutline(...args), 1, message);
  });

  it('among the pictures, or twice in one place, is refused', async () => {
    const data = shop.path('pics');
    const inside = [
      ['--out', join(data, 'result.json')],
      ['--sheet', join(data, 'new', 'sheet.png')],
      ['--cache', join(data, 'cache')],
      ['--save-decoders', data],
    ];
    for (const [option, path] of inside) {
      const ended = await cutline(...audit(shop.path('way-to-pics')).with(3, data), option!, path!);
      refused(ended, 2, new RegExp(`${option} is inside --data`));
    }
    await symlink('twin.json', shop.path('twin-link.json'));
    const twins = ['--out', shop.path('twin.json'), '--sheet', shop.path('twin-link.json')];
    refused(await cutline(...audit(data), ...twins), 2, /--sheet .*twin-link\.json is the same file as --out/);
    expect((await readdir(data)).every((name) => name.endsWith('.png'))).toBe(true);
  });

  it('in the place of the model is refused: the model would be gone', async () => {
    const folder = shop.path('halves-again');
    await mkdir(folder);
    const head = join(folder, 'head.onnx');
    await cp(shop.model, head);
    await symlink(head, shop.path('model-link.onnx'));
    const machines = ['--device', 'raspberry-pi-4', '--cloud', 'cloud-generic', '--link', 'link-wifi'];
    const commands = [
      ['split', head, '--at', 'conv1', '--out', folder],
      ['gradient', head, '--at', 'conv1', '--out', shop.path('model-link.onnx')],
      ['plan', head, ...machines, '--data', shop.path('pics'), '--out', folder],
      [...audit(shop.path('pics')).with(1, head), '--size', '1x28x28', '--out', head],
    ];
    for (const args of commands) refused(await cutline(...args), 2, /is the same file as .*head\.onnx/);
    expect(await readFile(head)).toEqual(await readFile(shop.model));
  });

  it('of a demo goes into no folder that holds other things', async () => {
    const folder = shop.path('own-things');
    await mkdir(join(folder, 'images'), { recursive: true });
    await writeFile(join(folder, 'images', 'cat.png'), 'mine');
    const args = ['demo', '--data', shop.data, '--model', shop.model, '--out'];
    refused(await cutline(...args, folder), 2, /own-things\/images holds cat\.png/);
    refused(await cutline(...args, shop.dir), 2, /holds .*, which is not of a demo/);
    expect(await readFile(join(folder, 'images', 'cat.png'), 'utf8')).toBe('mine');
  });

  it('to /dev/stdout goes where stdout goes, a file too, and the link stays', async () => {
    const before = await readlink('/dev/stdout');
    const file = shop.path('stdout.txt');
    const { code } = await cutlineInShell([...audit(shop.path('pics')), '--out', '/dev/stdout'], `> ${file}`);
    expect(code).toBe(0);
    expect(await readFile(file, 'utf8')).toMatch(/^\{\s+"format": "cutline\.audit\/1"[\s\S]+\n\}\ncut +threat/);
    expect(await readlink('/dev/stdout')).toBe(before);
    // Process substitution: an open descriptor that is a pipe.
    const other = await cutlineInShell(
      [...audit(shop.path('pics'))],
      `--out >(cat > ${file}.2; echo done >&2) ; sleep 0.5`,
    );
    expect(other.stderr).toContain('done');
    expect(JSON.parse(await readFile(`${file}.2`, 'utf8')).format).toBe('cutline.audit/1');
  });
});
