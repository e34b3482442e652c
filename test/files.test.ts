/** Files at the edge: what lies in the way is named, what could block is not opened, and nothing is done away with. */
import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkFolder, checkWritable, readBounded, writeAtomically } from '../src/files.ts';
import { tempDir, writeTree } from './data/fixtures.ts';
import { fullDisk } from './support/full-disk.ts';

const told = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });

describe('reading', () => {
  it('names what is no file, before it is opened', async () => {
    const dir = await writeTree({ 'a.txt': 'abc' });
    execFileSync('mkfifo', [join(dir, 'fifo')]);
    await symlink('fifo', join(dir, 'way'));
    const read = (path: string) => readBounded(path, 100);
    expect((await read(join(dir, 'a.txt'))).toString()).toBe('abc');
    await expect(read(join(dir, 'fifo'))).rejects.toMatchObject(
      told('FILE_UNREADABLE', /fifo: .*\(a FIFO, not a file\)/),
    );
    await expect(read(join(dir, 'way'))).rejects.toMatchObject(told('FILE_UNREADABLE', /way: .*a FIFO/));
    await expect(read(dir)).rejects.toMatchObject(told('FILE_UNREADABLE', /a folder, not a file/));
    await expect(read('/dev/zero')).rejects.toMatchObject(told('FILE_UNREADABLE', /a device, not a file/));
    await expect(read(join(dir, 'a.txt', 'b'))).rejects.toMatchObject(
      told('FILE_NOT_FOUND', /a\.txt\/b: no such file/),
    );
  });

  it('names the link that is broken, wherever on the way it lies', async () => {
    const dir = await writeTree({ 'real/a.txt': 'abc' });
    await symlink('nowhere', join(dir, 'gone'));
    await symlink('gone', join(dir, 'chain'));
    await symlink('b', join(dir, 'c'));
    await symlink('c', join(dir, 'b'));
    const read = (path: string) => readBounded(join(dir, path), 100);
    await expect(read('gone')).rejects.toMatchObject(
      told('LINK_BROKEN', /\/gone: a link to nowhere, which leads nowhere/),
    );
    await expect(read('gone/x/y')).rejects.toMatchObject(told('LINK_BROKEN', /\/gone: a link to nowhere/));
    await expect(read('chain')).rejects.toMatchObject(told('LINK_BROKEN', /\/chain: a link to gone/));
    await expect(read('b')).rejects.toMatchObject(told('LINK_BROKEN', /\/b: a link to c, which leads in a circle/));
    await symlink('real', join(dir, 'way'));
    await expect(read('way/none')).rejects.toMatchObject(told('FILE_NOT_FOUND', /way\/none: no such file/));
  });
});

describe('writing', () => {
  it('goes through a link to where it leads, there or not yet', async () => {
    const dir = await writeTree({ 'store/old.json': 'old' });
    for (const [link, target] of Object.entries({ a: 'store/old.json', b: 'store/new.json', c: 'b' })) {
      await symlink(target, join(dir, link));
    }
    for (const link of ['a', 'c']) await writeAtomically(join(dir, link), link);
    expect(await readFile(join(dir, 'store/old.json'), 'utf8')).toBe('a');
    expect(await readFile(join(dir, 'store/new.json'), 'utf8')).toBe('c');
    expect(await readlink(join(dir, 'a'))).toBe('store/old.json');
    expect((await readdir(join(dir, 'store'))).sort()).toEqual(['new.json', 'old.json']);
  });

  it('keeps a name as long as a file system takes', async () => {
    const path = join(await tempDir(), `${'x'.repeat(250)}.json`);
    await checkWritable(path);
    await writeAtomically(path, 'whole');
    expect(await readFile(path, 'utf8')).toBe('whole');
  });

  it('refuses folders, FIFOs and sockets in the place of a file without touching them', async () => {
    const dir = await tempDir();
    const fifo = join(dir, 'fifo');
    execFileSync('mkfifo', [fifo]);
    await symlink('fifo', join(dir, 'way'));
    for (const write of [checkWritable, (path: string) => writeAtomically(path, 'x')]) {
      await expect(write(fifo)).rejects.toMatchObject(told('OUTPUT_NOT_WRITABLE', /fifo: cannot write \(a FIFO\)/));
      await expect(write(join(dir, 'way'))).rejects.toMatchObject(told('OUTPUT_NOT_WRITABLE', /way: .*a FIFO/));
      await expect(write(dir)).rejects.toMatchObject(told('OUTPUT_NOT_WRITABLE', /EISDIR/));
    }
    expect((await stat(fifo)).isFIFO()).toBe(true);
    expect((await readdir(dir)).sort()).toEqual(['fifo', 'way']);
  });

  it('takes a name that ends in a slash for a folder, there or not', async () => {
    const dir = await tempDir();
    for (const path of [`${dir}/`, `${dir}/new/`]) {
      await expect(checkWritable(path)).rejects.toMatchObject(told('OUTPUT_NOT_WRITABLE', /EISDIR/));
    }
    expect(await readdir(dir)).toEqual([]);
  });

  it('leaves devices devices', async () => {
    await writeAtomically('/dev/null', 'x');
    await expect(writeAtomically('/dev/full', 'x')).rejects.toMatchObject(told('OUTPUT_NOT_WRITABLE', /ENOSPC/));
    expect((await lstat('/dev/null')).isCharacterDevice()).toBe(true);
    expect((await lstat('/dev/full')).isCharacterDevice()).toBe(true);
  });

  it('names what is in the way of a folder', async () => {
    const dir = await writeTree({ wall: '' });
    await symlink('nowhere', join(dir, 'gone'));
    for (const check of [checkFolder, checkWritable]) {
      await expect(check(join(dir, 'wall/a/b'))).rejects.toMatchObject(
        told('OUTPUT_NOT_WRITABLE', /b: cannot write \(.*\/wall is a file, not a folder\)/),
      );
    }
    await expect(checkFolder(join(dir, 'wall'))).rejects.toMatchObject(
      told('OUTPUT_NOT_WRITABLE', /wall: cannot write \(.*wall is a file, not a folder\)/),
    );
    await expect(checkFolder(join(dir, 'gone/a'))).rejects.toMatchObject(
      told('OUTPUT_NOT_WRITABLE', /gone is a link to nowhere, which leads nowhere/),
    );
  });

  it('is tried without leaving anything, or taking what another has put there meanwhile', async () => {
    const dir = await tempDir();
    await checkWritable(join(dir, 'a/b/c.json'));
    await checkFolder(join(dir, 'a/b/c'));
    expect(await readdir(dir)).toEqual([]);
    await mkdir(join(dir, 'a'));
    await writeFile(join(dir, 'a/kept'), '');
    await checkFolder(join(dir, 'a/b/c'));
    expect(await readdir(join(dir, 'a'))).toEqual(['kept']);
  });

  it('finds a full disk before the work', async (ctx) => {
    const disk = fullDisk(ctx, 16 * 1024);
    await expect(checkWritable(join(disk, 'a.json'))).rejects.toMatchObject(told('OUTPUT_NOT_WRITABLE', /ENOSPC/));
    await expect(checkFolder(join(disk, 'cache'))).rejects.toMatchObject(told('OUTPUT_NOT_WRITABLE', /ENOSPC/));
    expect(await readdir(disk)).toEqual([]);
  });
});
