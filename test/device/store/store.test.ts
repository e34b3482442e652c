import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCodec } from '../../../src/broker/index.ts';
import { Store } from '../../../src/device/store/store.ts';
import type { Stored } from '../../../src/device/store/stored.ts';
import { float32 } from '../../../src/model/index.ts';

let dir: string;
let count = 0;
let now = 1e12;
const open: Store[] = [];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cutline-store-'));
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
});
afterAll(() => rm(dir, { recursive: true }));

const options = (over = {}) => ({
  path: join(dir, `s${count++}`),
  maxBytes: 1e6,
  maxAgeMs: 3_600_000,
  latestOnly: false,
  planIds: ['plan'],
  now: () => now,
  ...over,
});
async function opened(over = {}) {
  const asked = options(over);
  const store = await Store.open(asked);
  open.push(store);
  return { store, asked };
}
const values = Float32Array.from({ length: 100 }, (_, i) => i);
async function stored(index: number, over: Partial<Stored> = {}): Promise<Stored> {
  return {
    planId: 'plan',
    correlationId: index.toString(16).padStart(32, '0'),
    capturedMs: now,
    headMs: 1,
    encodeMs: 2,
    index,
    image: `${index}.png`,
    label: 'cat',
    tensors: [await createCodec('float32').encode('relu2', float32(values, [1, 100]))],
    ...over,
  };
}
const indexes = (store: Store) => [...store.entries()].map((e) => e.stored.index);

describe('an outbox on the disk', () => {
  it('gives back what was put, oldest first, to one lane at a time', async () => {
    const { store } = await opened();
    for (let i = 0; i < 3; i++) await store.put(await stored(i));
    const [a, b] = [await store.claim('plan'), await store.claim('plan')];
    expect([a!.stored.index, b!.stored.index]).toEqual([0, 1]);
    expect(a!.stored).toEqual(await stored(0));
    store.release(a!.id);
    expect((await store.claim('plan'))!.stored.index).toBe(0);
    await store.remove(a!.id);
    expect(indexes(store)).toEqual([1, 2]);
    expect(store.counts).toMatchObject({ waiting: 2, droppedForRoom: 0 });
  });

  it('outlives its process, and what is of another plan leaves', async () => {
    const { store, asked } = await opened();
    for (let i = 0; i < 3; i++) await store.put(await stored(i));
    await store.put(await stored(9, { planId: 'other' }));
    await open.splice(0)[0]!.close();
    const again = await Store.open(asked);
    open.push(again);
    expect(indexes(again)).toEqual([0, 1, 2]);
    expect(again.counts).toMatchObject({ waiting: 3, droppedOfOtherPlans: 1 });
    await again.put(await stored(3));
    expect(indexes(again)).toEqual([0, 1, 2, 3]);
  });

  it('is bounded in bytes: the oldest gives way, but for what is on its way', async () => {
    const { store } = await opened({ maxBytes: 10_000 });
    await store.put(await stored(0));
    const first = await store.claim('plan');
    for (let i = 1; i < 100; i++) await store.put(await stored(i));
    const { waiting, waitingBytes, droppedForRoom } = store.counts;
    expect(waitingBytes).toBeLessThanOrEqual(10_000);
    expect(waiting + droppedForRoom).toBe(100);
    expect(indexes(store)[0]).toBe(0);
    expect(indexes(store).at(-1)).toBe(99);
    await store.remove(first!.id);
  });

  it('is bounded in age, and keeps only the newest where that is all that is wanted', async () => {
    const { store } = await opened({ maxAgeMs: 1000 });
    await store.put(await stored(0));
    now += 1500;
    await store.put(await stored(1));
    expect((await store.claim('plan'))!.stored.index).toBe(1);
    expect(store.counts).toMatchObject({ waiting: 1, droppedByAge: 1 });
    const { store: latest } = await opened({ latestOnly: true });
    for (let i = 0; i < 5; i++) await latest.put(await stored(i));
    expect(indexes(latest)).toEqual([4]);
  });

  it('can be read with its key only', async () => {
    const key = Buffer.alloc(32, 7);
    const { store, asked } = await opened({ key });
    await store.put(await stored(0, { image: 'secret-name.png' }));
    await open.splice(0)[0]!.close();
    expect((await readFile(join(asked.path, 'data.mdb'))).includes('secret-name')).toBe(false);
    await expect(Store.open({ ...asked, key: Buffer.alloc(32, 8) })).rejects.toMatchObject({ code: 'STORE_INVALID' });
    const again = await Store.open(asked);
    open.push(again);
    expect(indexes(again)).toEqual([0]);
  });

  it('gives the disk back when it is empty', async () => {
    const { store, asked } = await opened({ maxBytes: 1e9 });
    const big = new Float32Array(500_000);
    const tensors = [await createCodec('float32').encode('relu2', float32(big, [1, big.length]))];
    for (let i = 0; i < 12; i++) await store.put(await stored(i, { tensors }));
    const size = async () => (await stat(join(asked.path, 'data.mdb'))).size;
    expect(await size()).toBeGreaterThan(20e6);
    for (let claimed = await store.claim('plan'); claimed; claimed = await store.claim('plan'))
      await store.remove(claimed.id);
    expect(await size()).toBeLessThan(1e6);
    await store.put(await stored(99));
    expect(indexes(store)).toEqual([99]);
  });

  it('a file of somebody else, and a folder that cannot be written, are named', async () => {
    const asked = options();
    await Store.open(asked).then((s) => s.close());
    await writeFile(join(asked.path, 'data.mdb'), Buffer.alloc(100_000, 65));
    await expect(Store.open(asked)).rejects.toMatchObject({ code: 'STORE_INVALID' });
    await writeFile(join(dir, 'a-file'), '');
    await expect(Store.open(options({ path: join(dir, 'a-file', 'x') }))).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
    });
  });

  it('loses nothing that was put when its process is killed', async () => {
    const path = join(dir, 'killed');
    const script = `
      import { Store } from ${JSON.stringify(new URL('../../../dist/device/store/store.js', import.meta.url).href)};
      const store = await Store.open({ path: ${JSON.stringify(path)}, maxBytes: 1e8, maxAgeMs: 1e12, latestOnly: false, planIds: ['plan'], now: Date.now });
      const tensors = [{ name: 'relu2', dtype: 'float32', shape: [1, 1], codec: 'float32', scale: 0, zeroPoint: 0, data: new Uint8Array(4) }];
      for (let i = 0; ; i++) {
        await store.put({ planId: 'plan', correlationId: i.toString(16).padStart(32, '0'), capturedMs: Date.now(), headMs: 0, encodeMs: 0, index: i, image: 'x', tensors });
        process.stdout.write(i + '\\n');
        if (i === 40) process.kill(process.pid, 'SIGKILL');
      }`;
    const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(signal).toBe('SIGKILL');
    const said = stdout.trim().split('\n').length;
    expect(said).toBeGreaterThan(30);
    const store = await Store.open(options({ path }));
    open.push(store);
    expect(indexes(store).length).toBeGreaterThanOrEqual(said);
  });
});
