/** The agent and its folders, with real processes: a picture that cannot be read costs itself, and no answer is lost. */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/data/index.ts';
import { type Deployment, deploy, preprocessing } from './support/deployment.ts';
import { type Fleet, fleet, summaryOf } from './support/fleet.ts';

let deployment: Deployment;
let f: Fleet;
const at = (...parts: string[]) => join(deployment.folder, ...parts);
beforeAll(async () => {
  deployment = await deploy({ images: 6 });
});
afterAll(() => deployment?.remove());
beforeEach(async () => {
  f = await fleet('aedes', deployment);
});
afterEach(() => f?.end());

/** A folder of the pictures with these numbers, under these names. */
async function folderOf(name: string, pictures: Readonly<Record<string, number>>): Promise<string> {
  for (const [path, number] of Object.entries(pictures)) {
    await mkdir(join(at(name), path, '..'), { recursive: true });
    await copyFile(at('images', `000${number}.png`), join(at(name), path));
  }
  return name;
}

const linesOf = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const hidden = async () => (await readdir(deployment.folder)).filter((name) => name.startsWith('.'));

describe('a folder with broken pictures in the middle', () => {
  it('is answered but for them; they are recorded, the results written, and the exit code is 1', async () => {
    const images = await folderOf('mixed', { 'a.png': 0, 'b.png': 1, 'e.png': 2, 'g.png': 3 });
    await copyFile(at('images/0004.png'), at('mixed/c.png'));
    await truncate(at('mixed/c.png'), 300);
    await writeFile(at('mixed/d.png'), '');
    await writeFile(at('mixed/f.txt'), 'not a picture');
    await f.broker();
    await f.consumer();
    const agent = await f.agent({ images: [images] }, '--results', at('mixed.jsonl'));
    expect(await agent.ended).toBe(1);
    const { inferences, results, stopped } = summaryOf(agent);
    expect(stopped).toBe(false);
    expect(inferences).toEqual({ total: 7, answered: 4, failed: 3 });
    const outcome = results.map((r) => [r.image, 'error' in r ? r.error.code : 'answered']);
    expect(outcome).toEqual([
      ['a.png', 'answered'],
      ['b.png', 'answered'],
      ['c.png', 'NOT_AN_IMAGE'],
      ['d.png', 'NOT_AN_IMAGE'],
      ['e.png', 'answered'],
      ['f.txt', 'NOT_AN_IMAGE'],
      ['g.png', 'answered'],
    ]);
    expect(agent.stderr()).toMatch(
      /3 of 7 inferences got no result\. The first: .*c\.png: not a picture .*\[INFERENCES_FAILED\]/,
    );
    const lines = await linesOf(at('mixed.jsonl'));
    expect(lines.map((l) => l.image).sort()).toEqual(outcome.map(([image]) => image));
    expect(lines.filter((l) => l.outputs)).toHaveLength(4);
    expect(await hidden()).toEqual([]);
  });

  it('costs itself where nothing is sent, and where pictures wait for answers side by side', async () => {
    await writeFile(at('images-list.txt'), 'none');
    const images = ['images', 'images-list.txt', 'images/0000.png'];
    await f.broker();
    await f.consumer();
    const agent = await f.agent({ images, inFlight: 4 });
    expect(await agent.ended).toBe(1);
    expect(summaryOf(agent).inferences).toEqual({ total: 8, answered: 7, failed: 1 });
  });

  it('of other channels are recorded the same way', async () => {
    const { default: sharp } = await import('sharp');
    const images = await folderOf('colours', { 'a.png': 0, 'c.png': 1 });
    const colour = { width: 28, height: 28, channels: 3, background: '#a31' } as const;
    await sharp({ create: colour }).png().toFile(at('colours/b.png'));
    await f.broker();
    await f.consumer();
    const agent = await f.agent({ images: [images] });
    expect(await agent.ended).toBe(1);
    expect(summaryOf(agent).results[1]).toMatchObject({ image: 'b.png', error: { code: 'IMAGE_CHANNELS' } });
    expect(summaryOf(agent).inferences).toEqual({ total: 3, answered: 2, failed: 1 });
  });
});

describe('what the agent will not read', () => {
  it.each<[string, () => Promise<unknown> | unknown, RegExp]>([
    ['a FIFO', () => execFileSync('mkfifo', [at('odd-FIFO/b.png')]), /b\.png: cannot read \(a FIFO, not a picture\)/],
    ['a device', () => symlink('/dev/zero', at('odd-device/b.png')), /b\.png: cannot read \(a device, not a picture\)/],
    [
      'a broken link',
      () => symlink('gone.png', at('odd-link/b.png')),
      /b\.png: a link to gone\.png, which leads nowhere/,
    ],
    ['a nested folder', () => folderOf('odd-folder', { 'sub/b.png': 1 }), /beside sub-folders \(sub\)/],
  ])('%s is refused at once, with its name, as in an audit', async (name, spoil, message) => {
    const images = await folderOf(`odd-${name.split(' ').at(-1)}`, { 'a.png': 0, 'c.png': 2 });
    await spoil();
    // Without any broker: nothing is to be sent.
    const agent = await f.agent({ images: [images] });
    expect(await agent.ended).toBe(2);
    const said = JSON.parse(agent.stdout());
    expect(said.message).toMatch(message);
    await expect(openDataset(at(images), { size: preprocessing })).rejects.toMatchObject({
      code: said.code,
      message: said.message,
    });
  });

  it('a FIFO named itself is refused too, and a SIGTERM ends an agent that waits', async () => {
    execFileSync('mkfifo', [at('one.png')]);
    const refused = await f.agent({ images: ['one.png'] });
    expect(await refused.ended).toBe(2);
    expect(refused.stdout()).toMatch(/one\.png: cannot read \(a FIFO, not a file\)/);
    const waiting = await f.agent();
    await waiting.says('trying again');
    expect(await waiting.stop('SIGTERM')).toBe(0);
    expect(summaryOf(waiting).stopped).toBe(true);
  });

  it('a picture that becomes a FIFO, or goes, while the agent waits costs itself', async () => {
    const images = await folderOf('changing', { 'a.png': 0, 'b.png': 1, 'c.png': 2 });
    const agent = await f.agent({ images: [images] });
    await agent.says('trying again');
    execFileSync('sh', ['-c', `rm ${at('changing')}/*.png && mkfifo ${at('changing')}/b.png`]);
    await f.broker();
    await f.consumer();
    expect(await agent.ended).toBe(1);
    const codes = summaryOf(agent).results.map((r) => ('error' in r ? r.error.code : 'answered'));
    expect(codes).toEqual(['answered', 'FILE_UNREADABLE', 'FILE_NOT_FOUND']);
  });
});

describe('the agent and audits', () => {
  it('see one set: labels, links, hidden names, endings in capitals', async () => {
    const images = await folderOf('set', { 'cat/1.PNG': 0, 'cat/2': 1, 'dog/1.png': 2 });
    await writeFile(at('set/dog/.notes'), 'x');
    await symlink('1.png', at('set/dog/latest.png'));
    await symlink('../images', at('set/more'));
    await f.broker();
    await f.consumer();
    const agent = await f.agent({ images: [images] });
    expect(await agent.ended, agent.stderr()).toBe(0);
    const names = summaryOf(agent).results.map((r) => r.image);
    const more = (await readdir(at('images'))).sort().map((name) => `more/${name}`);
    expect(names).toEqual(['cat/1.PNG', 'cat/2', 'dog/1.png', ...more]);
    const { train, test } = await openDataset(at('set'), { size: preprocessing });
    expect(train.count + test.count).toBe(names.length);
  });
});
