/** The main job as a stranger sees it: one command, a report with pictures. */
import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';
import { openDataset } from '../../src/data/index.ts';
import { requireOwnFolder } from '../../src/demo/folder.ts';
import { readProtocol } from '../../src/plan/index.ts';
import { skip } from '../support/shared.ts';
import { cutline, type Running } from './support/processes.ts';

let dir: string;
let missing: string | undefined;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cutline-demo-'));
  missing = await openDataset('fashion-mnist').then(
    () => undefined,
    (error: Error) => error.message,
  );
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const demo = (ctx: TestContext, out: string, ...args: string[]): Running =>
  missing === undefined ? cutline('demo', '--out', out, '--images', '20', ...args) : skip(ctx, missing);

/** The demonstration's own with weaker attacks: what is safe here says nothing. */
async function quickProtocol(): Promise<string> {
  const protocol = await readProtocol('demo');
  const attacks = {
    ...protocol.attacks,
    'black-box': [{ name: 'inverse-network', queries: 64 }],
    'white-box': [{ name: 'rmle', iterations: 15 }],
  };
  const path = join(dir, 'quick.yaml');
  await writeFile(path, JSON.stringify({ ...protocol, name: 'quick', attacks }));
  return path;
}

it('cutline demo profiles, attacks, plans, runs three processes and reports', async (ctx) => {
  const out = join(dir, 'out');
  const running = demo(
    ctx,
    out,
    '--protocol',
    await quickProtocol(),
    '--max-ssim',
    '0.7',
    '--min-accuracy',
    '0.5',
    '--json',
  );
  expect(await running.ended, running.stderr()).toBe(0);
  const document = JSON.parse(running.stdout());
  expect(document).toMatchObject({
    format: 'cutline.demo/1',
    report: join(out, 'report.html'),
    images: 20,
    protocol: 'quick',
    plan: { format: 'cutline.plan/1', evidence: [{ protocol: { name: 'quick' }, confirmation: { images: 50 } }] },
    predicted: { latencyMs: { p50: expect.any(Number) } },
    measured: { latencyMs: { p50: expect.any(Number), p95: expect.any(Number) } },
    accuracy: { split: expect.any(Number), unsplit: expect.any(Number) },
  });
  expect(document.agreement).toBeGreaterThanOrEqual(0.95);
  expect(document.accuracy.unsplit).toBeGreaterThan(0.6);
  expect(document.greatestDifference).toBeLessThan(document.chosen.codec === 'uint8' ? 0.05 : 1e-5);
  // Every picture was answered at its first sending.
  expect(running.stderr()).not.toContain('sending again');
  expect(document.latencyMs.p95).toBeLessThan(2000);

  const report = await readFile(document.report, 'utf8');
  expect(report).toMatch(/^<!doctype html>/i);
  expect(report).toContain('data:image/png;base64,');
  expect(report).toContain(document.chosen.cut);
  // It opens from disk: nothing is fetched from anywhere.
  expect(report).not.toMatch(/(?:src|href)\s*=\s*["']?(?:https?:)?\/\//i);
  expect(report).not.toMatch(/url\(\s*["']?(?:https?:)?\/\/|@import|<script[^>]+src/i);
  expect((await readFile(join(out, 'sheet.png'))).subarray(1, 4).toString()).toBe('PNG');
  expect(JSON.parse(await readFile(join(out, 'demo.json'), 'utf8'))).toEqual(document);
  for (const file of ['plan/plan.json', 'plan/head.onnx', 'plan/tail.onnx', 'audit.json', 'profile.yaml']) {
    expect((await stat(join(out, file))).size).toBeGreaterThan(0);
  }
  // Whoever runs it twice writes over the first.
  await requireOwnFolder(out);
  // A busy machine may take several times as long as a quiet one.
}, 240_000);

it('cutline demo ends on a signal: one line, exit 1, no report, no process left', async (ctx) => {
  const out = join(dir, 'stopped');
  const running = demo(ctx, out);
  await running.says('profile: encoding');
  const asked = performance.now();
  expect(await running.stop('SIGTERM')).toBe(1);
  expect(performance.now() - asked).toBeLessThan(10_000);
  expect(running.stderr()).toMatch(/cutline: Cancelled\. \[CANCELLED\]\n$/);
  expect(running.stderr()).not.toMatch(/\n\s+at |This is a bug/);
  await expect(access(join(out, 'report.html'))).rejects.toMatchObject({ code: 'ENOENT' });
  const port = Number(/mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(running.stderr())?.[1]);
  expect(port).toBeGreaterThan(0);
  const left = await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve('a broker'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code)).once('connect', () => socket.destroy());
  });
  expect(left).toBe('ECONNREFUSED');
});
