import { appendFile, mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Done } from '../../../src/device/results/index.ts';
import { sha256Of } from '../../../src/device/sources/picture.ts';
import type { SourceContext } from '../../../src/device/sources/source.ts';
import { watchSource } from '../../../src/device/sources/watch.ts';
import { sourceContext } from './context.ts';

let folder: string;
let stop: AbortController;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-watch-'));
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await rm(folder, { recursive: true, force: true });
});

const png = (grey: number) =>
  sharp({ create: { width: 8, height: 8, channels: 3, background: { r: grey, g: grey, b: grey } } })
    .png()
    .toBuffer();
const put = async (name: string, grey: number) => writeFile(join(folder, name), await png(grey));

/** Collects what comes, in the background. */
async function watch(settings: { existing?: boolean; settleMs?: number } = {}, given: Partial<SourceContext> = {}) {
  const said: string[] = [];
  const all = { pollMs: 20, settleMs: 60, existing: true, ...settings };
  const context = sourceContext({ stop: stop.signal, log: (line) => said.push(line), ...given });
  const source = await watchSource(folder, all, context);
  const seen: string[] = [];
  const ended = (async () => {
    for await (const p of source.pictures)
      seen.push('error' in p ? `${p.name} ${p.error.code}` : `${p.name} ${p.pixels.data[0]}`);
  })();
  return { seen, said, ended, counts: source.counts };
}
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a watched folder', () => {
  it('gives what is there and what comes, oldest first, with labels; not what is hidden or unfinished', async () => {
    await put('b.png', 20);
    await wait(20);
    await put('a.png', 10);
    await put('c.png.part', 1);
    await put('.d.png', 1);
    await mkdir(join(folder, 'cat', 'deeper'), { recursive: true });
    const { seen } = await watch();
    await expect.poll(() => seen).toEqual(['b.png 20', 'a.png 10']);
    await put('cat/x.png', 30);
    await rename(join(folder, 'c.png.part'), join(folder, 'c.png'));
    await expect.poll(() => [...seen].sort()).toEqual(['a.png 10', 'b.png 20', 'c.png 1', 'cat/x.png 30']);
  });

  it('reads a file when it has settled, and again when it was written anew', async () => {
    const bytes = await png(50);
    const { seen } = await watch({ settleMs: 150 });
    for (let at = 0; at < bytes.length; at += 20) {
      await appendFile(join(folder, 'slow.png'), bytes.subarray(at, at + 20));
      await wait(30);
      expect(seen).toEqual([]);
    }
    await expect.poll(() => seen).toEqual(['slow.png 50']);
    await put('slow.png', 60);
    await expect.poll(() => seen).toEqual(['slow.png 50', 'slow.png 60']);
    await wait(200);
    expect(seen).toHaveLength(2);
  });

  it('leaves out what was there, when it is told to', async () => {
    await put('old.png', 10);
    const { seen } = await watch({ existing: false });
    await put('new.png', 20);
    await expect.poll(() => seen).toEqual(['new.png 20']);
  });

  it('goes on after what is no picture, and after the folder was away', async () => {
    const { seen, said } = await watch();
    await writeFile(join(folder, 'notes.txt'), 'milk');
    await symlink('/dev/zero', join(folder, 'zero.png'));
    await symlink('nowhere.png', join(folder, 'link.png'));
    await expect.poll(() => [...seen].sort()).toEqual(['notes.txt NOT_AN_IMAGE', 'zero.png FILE_UNREADABLE']);
    await rename(folder, `${folder}-away`);
    await expect.poll(() => said.join()).toMatch(/no such file or folder.*Looking on/);
    await rename(`${folder}-away`, folder);
    await put('back.png', 70);
    await expect.poll(() => seen).toContain('back.png 70');
    expect(said.length).toBe(1);
    // As where it was mounted: empty for a while, then as before.
    const hidden = await mkdtemp(join(tmpdir(), 'cutline-hidden-'));
    for (const name of ['notes.txt', 'back.png']) await rename(join(folder, name), join(hidden, name));
    await unlink(join(folder, 'zero.png'));
    await wait(100);
    await rename(join(hidden, 'back.png'), join(folder, 'back.png'));
    await put('after.png', 80);
    await expect.poll(() => seen).toContain('after.png 80');
    expect(seen.filter((name) => name.startsWith('back'))).toHaveLength(1);
    await rm(hidden, { recursive: true });
  });

  it('does not do again what was answered, but a picture that comes later is a new one', async () => {
    await put('a.png', 10);
    const done = new Done();
    const sha256 = sha256Of(await png(10));
    for (let i = 0; i < 3; i++) done.add({ image: 'a.png', sha256 });
    const { seen, counts } = await watch({}, { done });
    await expect.poll(() => counts.resumed).toBe(1);
    await unlink(join(folder, 'a.png'));
    await wait(60);
    await put('a.png', 10);
    await expect.poll(() => seen).toEqual(['a.png 10']);
  });

  it('ends at the stop, and refuses at once what is no folder', async () => {
    const { ended } = await watch();
    stop.abort();
    await ended;
    const settings = { pollMs: 20, settleMs: 0, existing: true };
    await expect(watchSource(join(folder, 'absent'), settings, sourceContext())).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
    await put('file', 1);
    await expect(watchSource(join(folder, 'file'), settings, sourceContext())).rejects.toMatchObject({
      code: 'DATA_MALFORMED',
    });
  });
});
