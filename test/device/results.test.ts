import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookAtResults } from '../../src/device/results/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-results-'));
});
afterAll(() => rm(folder, { recursive: true }));

const planId = 'p'.repeat(8);
const line = (index: number, more: object = {}) =>
  `${JSON.stringify({ index, image: `${index}.png`, top1: 0, sha256: `digest-${index}`, planId, ...more })}\n`;
const broken = { error: { code: 'NO_ANSWER', message: '' } };

type Options = Parameters<typeof lookAtResults>[1];
function look(path: string, given: Partial<Options> = {}) {
  const said: string[] = [];
  const options: Options = {
    planIds: [planId],
    fsync: 'never',
    existing: 'resume',
    log: (text) => said.push(text),
    stop: new AbortController().signal,
    ...given,
  };
  return { said, results: lookAtResults(path, options) };
}

describe('a results file', () => {
  it.each(['never', 'each', 0.1] as const)('has each line when it is written, in order, fsync %s', async (fsync) => {
    const path = join(folder, `new-${fsync}`, 'r.jsonl');
    const lines = await (await look(path, { fsync }).results).open();
    await Promise.all([0, 1, 2].map((i) => lines.append(line(i))));
    expect(await readFile(path, 'utf8')).toBe(line(0) + line(1) + line(2));
    await lines.append(line(3));
    await lines.close();
    expect(await readFile(path, 'utf8')).toBe(line(0) + line(1) + line(2) + line(3));
  });

  it('is looked at without being touched', async () => {
    const [absent, there] = [join(folder, 'absent.jsonl'), join(folder, 'there.jsonl')];
    await writeFile(there, `${line(0)}{"index":1,"im`);
    await look(absent).results;
    await look(there, { existing: 'overwrite' }).results;
    await expect(stat(absent)).rejects.toThrow('ENOENT');
    expect(await readFile(there, 'utf8')).toBe(`${line(0)}{"index":1,"im`);
  });

  it.each([
    ['a torn line', '{"index":2,"image":"2.p'],
    ['a line torn at once', '{'],
    ['zeros after a power cut', '\0\0\0\0'],
    ['zeros in a torn line', '{"index":2,"image"\0\0\0'],
    ['nothing torn', ''],
  ])('is gone on with: answers are done, failures and other plans are not; %s', async (name, torn) => {
    const path = join(folder, `again-${name}.jsonl`);
    const whole = line(0) + line(1, broken) + line(5, { planId: 'other' });
    await writeFile(path, whole + torn);
    const { said, results } = look(path);
    const { earlier, open } = await results;
    expect(earlier?.nextIndex).toBe(6);
    expect([0, 1, 5].map((i) => earlier?.done.take({ image: `${i}.png`, sha256: `digest-${i}` }))).toEqual([
      true,
      false,
      false,
    ]);
    const lines = await open();
    await lines.append(line(1));
    await lines.close();
    expect(await readFile(path, 'utf8')).toBe(whole + line(1));
    expect(said.join()).toMatch(/has 3 lines/);
    expect(said.join().includes(`${torn.length} bytes of a torn line`)).toBe(torn.length > 0);
  });

  it('keeps a last line that lacks nothing but its end', async () => {
    const path = join(folder, 'unended.jsonl');
    await writeFile(path, line(0).trimEnd());
    const { earlier, open } = await look(path).results;
    expect(earlier?.done.count).toBe(1);
    const lines = await open();
    await lines.append(line(1));
    await lines.close();
    expect(await readFile(path, 'utf8')).toBe(line(0) + line(1));
  });

  it('is added to, or begun anew, where that is asked for', async () => {
    const path = join(folder, 'other-ways.jsonl');
    await writeFile(path, line(0));
    const add = await look(path, { existing: 'add' }).results;
    expect(add.earlier?.done.count).toBe(0);
    const added = await add.open();
    await added.append(line(1));
    await added.close();
    expect(await readFile(path, 'utf8')).toBe(line(0) + line(1));
    const anew = await (await look(path, { existing: 'overwrite' }).results).open();
    await anew.close();
    expect(await readFile(path, 'utf8')).toBe('');
  });

  it.each([
    ['text', 'shopping list\n- milk\n', 1],
    ['text without an end', 'milk', 1],
    ['other JSON', `${line(0)}{"a":1}\n${line(1)}`, 2],
    ['another document', '{\n "format": "cutline.plan/1"\n}\n', 1],
  ])('of somebody else is refused and left alone: %s', async (name, text, at) => {
    const path = join(folder, `foreign-${name}`);
    await writeFile(path, text);
    await expect(look(path).results).rejects.toMatchObject({
      code: 'RESULTS_OTHER',
      exit: 2,
      message: expect.stringContaining(`line ${at} is`),
    });
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('says at once that a folder is in its place, or a file in that of its folder', async () => {
    await writeFile(join(folder, 'file'), '');
    for (const path of [folder, join(folder, 'file', 'r.jsonl'), `${folder}/absent/`]) {
      await expect(look(path).results).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE', exit: 1 });
    }
    await expect(look(folder).results).rejects.toThrow(/it is a folder/);
  });
});

describe('results that go elsewhere', () => {
  it('are written to a device, and a full one is told', async () => {
    const lines = await (await look('/dev/full').results).open();
    const told = { code: 'OUTPUT_NOT_WRITABLE', message: expect.stringContaining('ENOSPC') };
    await expect(lines.append(line(0))).rejects.toMatchObject(told);
    await expect(lines.close()).rejects.toMatchObject(told);
  });

  it('are written to a FIFO once it is read, which stays a FIFO', async () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    const { said, results } = look(path);
    const opening = (await results).open();
    await expect.poll(() => said.join()).toMatch(/waiting for somebody to read/);
    const read = readFile(path, 'utf8');
    const lines = await opening;
    for (let i = 0; i < 3; i++) await lines.append(line(i));
    await lines.close();
    expect(await read).toBe(line(0) + line(1) + line(2));
    expect((await stat(path)).isFIFO()).toBe(true);
  });

  it('to a FIFO that nobody reads wait no longer than the stop; a reader that leaves is told', async () => {
    const path = join(folder, 'unread');
    execFileSync('mkfifo', [path]);
    const stop = new AbortController();
    const opening = (await look(path, { stop: stop.signal }).results).open();
    stop.abort();
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
    const child = execFileSync('sh', ['-c', `(exec 3<${path}; sleep 0.3) >/dev/null 2>&1 & echo $!`]);
    expect(child.length).toBeGreaterThan(0);
    const lines = await (await look(path).results).open();
    await lines.append(line(0));
    const later = async () => {
      for (;;) await lines.append(line(1));
    };
    await expect(later()).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      message: expect.stringMatching(/EPIPE/),
    });
    await lines.close().catch(() => {});
  });
});

it('a file torn twice is mended twice', async () => {
  const path = join(folder, 'two-torn.jsonl');
  await writeFile(path, line(0));
  for (const torn of ['{"index":1', '{"ind']) {
    await appendFile(path, torn);
    await (await (await look(path).results).open()).close();
    expect(await readFile(path, 'utf8')).toBe(line(0));
  }
});
