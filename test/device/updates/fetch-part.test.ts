/** Heads over HTTP: whole or not at all, whatever the server does, and not a byte more than the plan says. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchPart, Refused } from '../../../src/device/updates/fetch-part.ts';
import { type FilesServer, filesServer } from '../../e2e/support/files-server.ts';
import { fullDisk } from '../../support/full-disk.ts';

const bytes = randomBytes(100_000);
const part = { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
let server: FilesServer;
let folder: string;
let path: string;
beforeEach(async () => {
  server = await filesServer();
  server.files.set('head', bytes);
  folder = await mkdtemp(join(tmpdir(), 'cutline-fetch-'));
  path = join(folder, 'head.part');
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const fetched = (options: { idleMs?: number; token?: string; signal?: AbortSignal; to?: string } = {}) => {
  const { idleMs = 5000, token, signal = new AbortController().signal, to = path } = options;
  return fetchPart(part, { url: `${server.url}head`, path: to, idleMs, token, signal });
};

describe('a part', () => {
  it('is fetched, with the token, and is what the plan says', async () => {
    await fetched({ token: 'secret' });
    expect((await readFile(path)).equals(bytes)).toBe(true);
    expect(server.requests).toEqual([{ path: 'head', range: undefined, token: 'Bearer secret' }]);
    await fetched();
    expect(server.requests).toHaveLength(1);
  });

  it('is gone on with where the connection was lost', async () => {
    server.misbehave = (_, response, file) => {
      response.writeHead(200, { 'Content-Length': file!.length });
      response.write(file!.subarray(0, 40_000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    await expect(fetched()).rejects.toMatchObject({
      code: 'UPDATE_FETCH',
      message: expect.stringMatching(/lost after|ended after/),
    });
    server.misbehave = undefined;
    const { size } = await stat(path);
    expect(size).toBeGreaterThan(0);
    await fetched();
    expect(server.requests.at(-1)?.range).toBe(`bytes=${size}-`);
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it('begins anew where a server knows no ranges, and after another file', async () => {
    await writeFile(path, randomBytes(5000));
    server.misbehave = (_, response, file) => {
      response.end(file);
      return true;
    };
    await fetched();
    expect((await readFile(path)).equals(bytes)).toBe(true);
    // The beginning of another file is found out at the end, and gone the next time.
    await writeFile(path, randomBytes(5000));
    server.misbehave = undefined;
    await expect(fetched()).rejects.toMatchObject({ code: 'PLAN_OTHER_FILE' });
    expect(existsSync(path)).toBe(false);
    await fetched();
  });

  it.each([
    ['another file of the same size', () => randomBytes(bytes.length), 'PLAN_OTHER_FILE'],
    ['a smaller file', () => bytes.subarray(0, 10), 'UPDATE_FETCH'],
    ['a larger file', () => Buffer.concat([bytes, bytes]), 'UPDATE_FETCH'],
  ])('is not %s', async (_, other, code) => {
    server.files.set('head', other());
    await expect(fetched()).rejects.toMatchObject({ code });
  });

  it('has no end that the server decides', async () => {
    let sent = 0;
    server.misbehave = (_, response) => {
      response.writeHead(200);
      const more = () => {
        if (response.destroyed) return;
        sent += 65_536;
        response.write(bytes.subarray(0, 65_536), more);
      };
      more();
      return true;
    };
    await expect(fetched()).rejects.toBeInstanceOf(Refused);
    expect((await stat(path)).size).toBeLessThanOrEqual(bytes.length);
    expect(sent).toBeLessThan(20e6);
  });

  it('does not follow to elsewhere, nor take a refusal for a file', async () => {
    for (const [status, final] of [
      [302, true],
      [404, true],
      [403, true],
      [204, true],
      [503, false],
      [429, false],
    ] as const) {
      server.misbehave = (_, response) => {
        response.writeHead(status, { Location: `${server.url}other` }).end('x');
        return true;
      };
      const error = await fetched().catch((e: unknown) => e);
      expect([status, error instanceof Refused, (error as Refused).code]).toEqual([status, final, 'UPDATE_FETCH']);
    }
    expect(server.requests.every((r) => r.path === 'head')).toBe(true);
  });

  it('is not waited for without end: neither for the first word nor for the next', async () => {
    server.misbehave = () => true;
    await expect(fetched({ idleMs: 200 })).rejects.toMatchObject({
      message: expect.stringContaining('not a word for 0.2 s'),
    });
    server.misbehave = (_, response, file) => {
      response.writeHead(200, { 'Content-Length': file!.length });
      response.write(file!.subarray(0, 1000));
      return true;
    };
    await expect(fetched({ idleMs: 200 })).rejects.toMatchObject({ code: 'UPDATE_FETCH' });
    const end = new AbortController();
    setTimeout(() => end.abort(), 100);
    await expect(fetched({ signal: end.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('is not begun where the disk has no room for it', async (ctx) => {
    const disk = fullDisk(ctx, 64 * 1024);
    await expect(fetched({ to: join(disk, 'head.part') })).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE' });
    expect(server.requests).toEqual([]);
  });

  it('says that nobody listens', async () => {
    await server.close();
    await expect(fetched()).rejects.toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });
    server = await filesServer();
  });
});
