import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { catalogue } from '../../src/data/fetch/catalogue.ts';
import { tarMembers } from '../../src/data/fetch/tar.ts';
import { fetchDataset } from '../../src/data/index.ts';
import { tempDir } from './fixtures.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A loopback server in place of the public ones. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const body = Buffer.from('some bytes');
const oneFile = (url: string, change = {}) => ({
  toy: {
    title: 'Toy',
    licence: 'MIT',
    downloads: [{ url, bytes: body.length, sha256: sha256(body), keep: { file: 'a.gz' }, ...change }],
  },
});

/** ustar, as `tar --format=ustar` writes it. */
function tar(members: Readonly<Record<string, Buffer>>): Buffer {
  const blocks = Object.entries(members).flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 'latin1');
    header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('        0', 148);
    header.write('ustar\u000000', 257);
    const sum = header.reduce((a, b) => a + b, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

describe('fetching a data set', () => {
  it('downloads, checks and puts it where it is looked for; the second time nothing is sent', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests++;
      response.end(body);
    });
    const dir = join(await tempDir(), 'deep', 'toy');
    const progress: number[] = [];
    const options = { dir, catalogue: oneFile(url), onProgress: (p: { bytes: number }) => void progress.push(p.bytes) };
    expect(await fetchDataset('toy', options)).toMatchObject({ alreadyThere: false, spec: `toy:${dir}` });
    expect(await readFile(join(dir, 'a.gz'))).toEqual(body);
    expect(progress.at(-1)).toBe(body.length);
    expect(await fetchDataset('toy', options)).toMatchObject({ alreadyThere: true });
    expect(requests).toBe(1);
  });

  it('fills an empty folder, and leaves one with other things alone', async () => {
    const url = await serve((_, response) => void response.end(body));
    const dir = await tempDir();
    const fetch = () => fetchDataset('toy', { dir, catalogue: oneFile(url) });
    await writeFile(join(dir, 'mine.txt'), 'x');
    const refused = (message: RegExp) => ({ code: 'DATA_MALFORMED', message: expect.stringMatching(message) });
    await expect(fetch()).rejects.toMatchObject(refused(/does not hold toy: a\.gz is not in it/));
    await writeFile(join(dir, 'a.gz'), 'some');
    await expect(fetch()).rejects.toMatchObject(refused(/a\.gz has 4 bytes, not 10/));
    expect((await readdir(dir)).sort()).toEqual(['a.gz', 'mine.txt']);
    for (const name of await readdir(dir)) await rm(join(dir, name));
    expect(await fetch()).toMatchObject({ alreadyThere: false });
    expect(await readFile(join(dir, 'a.gz'))).toEqual(body);
    expect(await fetch()).toMatchObject({ alreadyThere: true });
    // Unpacked by hand.
    await rm(join(dir, 'a.gz'));
    await writeFile(join(dir, 'a'), 'unpacked');
    expect(await fetch()).toMatchObject({ alreadyThere: true });
    const file = { dir: join(dir, 'a'), catalogue: oneFile(url) };
    await expect(fetchDataset('toy', file)).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE' });
    expect(await readdir(dir)).toEqual(['a']);
  });

  it('takes only the members it knows out of an archive', async () => {
    const big = Buffer.alloc(70_000, 7);
    const archive = gzipSync(
      tar({ 'x/readme': Buffer.from('hi'), 'x/big.bin': big, '../../evil': body, 'x/small.bin': body }),
    );
    const url = await serve((_, response) => void response.end(archive));
    const dir = join(await tempDir(), 'toy');
    const keep = { members: { 'x/big.bin': big.length, 'x/small.bin': body.length } };
    await fetchDataset('toy', {
      dir,
      catalogue: oneFile(url, { bytes: archive.length, sha256: sha256(archive), keep }),
    });
    expect(await readdir(dir)).toEqual(['big.bin', 'small.bin']);
    expect(await readFile(join(dir, 'big.bin'))).toEqual(big);
  });

  it.each<[string, RequestListener, string, RegExp]>([
    ['other bytes', (_, r) => void r.end('SOME BYTES'), 'FETCH_CHECKSUM', /SHA-256.*expected/],
    ['too much', (_, r) => void r.end(Buffer.alloc(99)), 'FETCH_FAILED', /more came than/],
    ['too little', (_, r) => void r.end('some'), 'FETCH_CHECKSUM', /SHA-256/],
    ['an error', (_, r) => void r.writeHead(404).end(), 'FETCH_FAILED', /answered 404/],
    [
      'a broken connection',
      (_, r) => void r.writeHead(200, { 'content-length': '10' }).write('so', () => r.destroy()),
      'FETCH_FAILED',
      /: (other side closed|terminated|socket)/,
    ],
    ['nothing for a long time', (_, r) => void r.writeHead(200).write('so'), 'FETCH_FAILED', /nothing came/],
  ])('leaves nothing behind when the server sends %s', async (_, listener, code, message) => {
    const parent = await tempDir();
    const options = { dir: join(parent, 'toy'), catalogue: oneFile(await serve(listener)), stallMs: 300 };
    await expect(fetchDataset('toy', options)).rejects.toMatchObject({
      code,
      exit: 1,
      message: expect.stringMatching(message),
    });
    expect(await readdir(parent)).toEqual([]);
  });

  it('stops when asked', async () => {
    const parent = await tempDir();
    const url = await serve((_, response) => void response.writeHead(200).write('so'));
    const options = { dir: join(parent, 'toy'), catalogue: oneFile(url), signal: AbortSignal.timeout(100) };
    await expect(fetchDataset('toy', options)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(parent)).toEqual([]);
  });

  it('says when the server is not there', async () => {
    const options = { dir: join(await tempDir(), 'toy'), catalogue: oneFile('http://127.0.0.1:1/') };
    await expect(fetchDataset('toy', options)).rejects.toMatchObject({
      code: 'FETCH_FAILED',
      message: expect.stringMatching(/127\.0\.0\.1:1.*\S/),
    });
  });

  it('names what there is when asked for something else', async () => {
    await expect(fetchDataset('imagenet')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/fashion-mnist, mnist, cifar-10/),
    });
    await expect(fetchDataset('__proto__')).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('only ever asks over HTTPS, and pins every file', () => {
    for (const { downloads } of Object.values(catalogue)) {
      for (const { url, sha256: sum, bytes } of downloads) {
        expect(url).toMatch(/^https:/);
        expect(sum).toMatch(/^[0-9a-f]{64}$/);
        expect(bytes).toBeGreaterThan(1000);
      }
    }
  });
});

describe('tar archives', () => {
  const members = { 'a.bin': Buffer.alloc(700, 1), 'b.bin': Buffer.alloc(512, 2) };
  const sizes = { 'a.bin': 700, 'b.bin': 512 };

  async function read(bytes: Buffer, wanted: Record<string, number>, piece: number): Promise<Record<string, Buffer>> {
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
    }
    const found: Record<string, Buffer> = {};
    for await (const { name, bytes: part } of tarMembers(pieces(), wanted, 'x.tar')) {
      found[name] = Buffer.concat([found[name] ?? Buffer.alloc(0), part]);
    }
    return found;
  }

  it.each([1, 100, 512, 513, 4096])('are read in pieces of %i bytes', async (piece) => {
    expect(await read(tar(members), sizes, piece)).toEqual(members);
  });

  it.each<[string, Buffer, Record<string, number>, RegExp]>([
    ['cut short', tar(members).subarray(0, 900), sizes, /ends early/],
    ['of another size', tar(members), { 'a.bin': 701 }, /700 bytes, expected 701/],
    ['without a member', tar(members), { 'c.bin': 1 }, /c\.bin is not in/],
    ['that are none', Buffer.alloc(2048, 65), sizes, /not a tar archive/],
  ])('%s are refused', async (_, bytes, wanted, message) => {
    await expect(read(bytes, wanted, 512)).rejects.toMatchObject({
      code: 'DATA_MALFORMED',
      message: expect.stringMatching(message),
    });
  });
});
