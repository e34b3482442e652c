/** A bundle is unpacked, installed, and infers: here, and as an emulated device. `npm run test:bundle`. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.ts';
import { asFloat32 } from '../../src/model/index.ts';
import { cutline } from '../cli/workshop.ts';
import { type Deployment, deploy } from '../e2e/support/deployment.ts';
import { type Fleet, fleet } from '../e2e/support/fleet.ts';
import { run } from '../e2e/support/processes.ts';

const exec = promisify(execFile);
let d: Deployment;
let folder: string;
beforeAll(async () => {
  d = await deploy({ images: 2 });
  folder = await mkdtemp(join(tmpdir(), 'cutline-bundle-test-'));
});
afterAll(async () => {
  await d?.remove();
  await rm(folder, { recursive: true, force: true });
});
let f: Fleet | undefined;
afterEach(() => f?.end());

/** Packs for the platform with the broker's address, unpacks, and says where. */
async function unpacked(platform: string, url: string): Promise<string> {
  const config = await d.config('agent.yaml', {
    broker: { url },
    fleet: 'yard',
    device: 'cam-1',
    plan: 'plan.json',
    protocol: './least.yaml',
    images: [d.images],
    threads: 1,
  });
  const out = join(folder, `${platform}.tar.gz`);
  const made = await cutline(
    'bundle',
    '--platform',
    platform,
    '--plan',
    d.planPath,
    '--config',
    config,
    '--out',
    out,
    '--json',
  );
  expect([
    made.code,
    made.stderr
      .split('\n')
      .filter((l) => !l.startsWith('bundle: '))
      .join(''),
  ]).toEqual([0, '']);
  const { bytes } = JSON.parse(made.stdout);
  expect(bytes).toBe((await stat(out)).size);
  console.log(`${platform}: ${(bytes / 1e6).toFixed(1)} MB`);
  expect(bytes).toBeLessThan(60 * 2 ** 20);
  const at = join(folder, platform);
  await mkdir(at);
  await exec('tar', ['-xzf', out, '-C', at]);
  return join(at, 'cutline');
}

async function outputsOf(results: string): Promise<number[][]> {
  const lines = (await readFile(results, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return lines.sort((a, b) => a.index - b.index).map((line) => line.outputs.logits.values);
}

/** What the network answers here, unsplit. */
async function expected(): Promise<number[][]> {
  const engine = await createEngine({ threads: 1 });
  const session = await engine.load(d.whole);
  const rows: number[][] = [];
  for (const input of d.inputs) rows.push([...asFloat32((await session.run({ input })).logits)]);
  await engine.close();
  return rows;
}

function close(got: number[][], wanted: number[][]) {
  expect(got).toHaveLength(wanted.length);
  for (const [i, row] of got.entries()) {
    for (const [j, v] of row.entries()) {
      expect(Math.abs(v - wanted[i]![j]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(v)));
    }
  }
}

describe('a bundle', () => {
  it('for this kind of machine is installed and infers as the unsplit network', { timeout: 400_000 }, async (ctx) => {
    if (process.arch !== 'x64') return ctx.skip();
    f = await fleet('aedes', d);
    const at = await unpacked('linux-x64', f.url);
    const packages = await readdir(join(at, 'node_modules'));
    for (const none of ['aedes', 'echarts']) expect(packages).not.toContain(none);
    const parts = await readdir(join(at, 'dist'));
    for (const none of ['planner', 'demo', 'report', 'training', 'autodiff']) expect(parts).not.toContain(none);
    expect(existsSync(join(at, 'dist/privacy/attacks'))).toBe(false);
    const rootFolder = join(folder, 'root');
    await exec(join(at, 'install.sh'), ['--root', rootFolder]);
    // Again, as with a newer one: the configuration that is there stays.
    const etc = join(rootFolder, 'etc/cutline');
    const kept = `${await readFile(join(etc, 'agent.yaml'), 'utf8')}\n# mine\n`;
    await writeFile(join(etc, 'agent.yaml'), kept);
    await exec(join(at, 'install.sh'), ['--root', rootFolder]);
    expect(await readFile(join(etc, 'agent.yaml'), 'utf8')).toBe(kept);
    await f.broker();
    await f.consumer();
    const command = join(rootFolder, 'opt/cutline/bin/cutline');
    const env = { PATH: '/usr/bin:/bin' };
    const checked = await exec(command, ['config', 'check', join(etc, 'agent.yaml')], { env });
    expect(checked.stdout).toMatch(/nothing is wrong/);
    const results = join(folder, 'x64.jsonl');
    const agent = run(command, ['agent', '--config', join(etc, 'agent.yaml'), '--results', results], { env });
    expect(await agent.ended, agent.stderr()).toBe(0);
    close(await outputsOf(results), await expected());
  });

  it('for arm64 answers in an emulator, and its head agrees within 1e-5', { timeout: 600_000 }, async (ctx) => {
    const qemu = '/usr/bin/qemu-aarch64-static';
    if (!existsSync(qemu) || !existsSync('/usr/aarch64-linux-gnu/lib/libstdc++.so.6')) {
      console.warn('SKIPPED: no emulated arm64; apt install qemu-user-static and libstdc++6-arm64-cross');
      return ctx.skip();
    }
    f = await fleet('aedes', d);
    const at = await unpacked('linux-arm64', f.url);
    // Some emulators cannot load onnxruntime as it is published, whoever packs it: then this machine cannot tell.
    const emulated = { PATH: '/usr/bin:/bin', QEMU_LD_PREFIX: '/usr/aarch64-linux-gnu' };
    const published = join(import.meta.dirname, '../../node_modules/onnxruntime-node');
    const probe = [join(at, 'node/bin/node'), '-e', `require(${JSON.stringify(published)})`];
    if (!(await exec(qemu, probe, { env: emulated }).catch(() => undefined))) {
      console.warn('SKIPPED: this emulator crashes on loading onnxruntime-node as it is published; try on a device');
      return ctx.skip();
    }
    await f.broker();
    await f.consumer();
    const results = join(folder, 'arm64.jsonl');
    const config = join(at, 'config/agent.yaml');
    const args = [
      join(at, 'node/bin/node'),
      join(at, 'dist/cli/device.js'),
      'agent',
      '--config',
      config,
      '--results',
      results,
    ];
    const env = emulated;
    const agent = run(qemu, args, { env });
    expect(await agent.ended, agent.stderr()).toBe(0);
    close(await outputsOf(results), await expected());
  });

  it('is refused where a file has no place in it, and names the secrets that it leaves out', {
    timeout: 30_000,
  }, async () => {
    const base = { broker: { url: 'mqtt://h:1' }, fleet: 'yard', device: 'cam-1', plan: 'plan.json' };
    const config = await d.config('outside.yaml', { ...base, planKeys: ['../key.pub'] });
    const args = ['--platform', 'linux-x64', '--plan', d.planPath, '--out', join(folder, 'no.tar.gz')];
    const refused = await cutline('bundle', '--config', config, ...args);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/planKeys: \.\.\/key\.pub is not below/) });
    expect(await cutline('bundle', '--config', config, ...args.slice(0, 4), '--out', 'x.zip')).toMatchObject({
      code: 2,
    });
    expect(existsSync(join(folder, 'no.tar.gz'))).toBe(false);
  });
});
