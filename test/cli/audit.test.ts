/** `cutline audit`, compiled: what it prints and writes, how it ends, and how it goes on. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelSha256 } from '../../src/model/index.ts';
import { cutline, documentOf, quick, start, type Workshop, workshop } from './workshop.ts';

let shop: Workshop;
beforeAll(async () => {
  shop = await workshop();
});
afterAll(() => shop?.remove());

describe('cutline audit', () => {
  it('prints its document, and writes the same and a picture where it is told to', async () => {
    const [out, sheet] = [shop.path('made/audit.json'), shop.path('made/sheet.png')];
    const cuts = ['--at', 'conv1', '--at', 'ReLU2'];
    const document = await documentOf('audit', shop.model, ...quick(shop), ...cuts, '--out', out, '--sheet', sheet);
    expect(document).toMatchObject({ format: 'cutline.audit/1', seed: 1, unaudited: [] });
    expect(document.model).toEqual({ sha256: modelSha256(await readFile(shop.model)) });
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual(document);
    expect((await readFile(sheet)).subarray(1, 4).toString()).toBe('PNG');
    expect((await readdir(shop.path('made'))).sort()).toEqual(['audit.json', 'sheet.png']);
  });

  it('prints a table for people, and what it does on the other stream', async () => {
    const { code, stdout, stderr } = await cutline('audit', shop.model, ...quick(shop), '--at', 'conv1');
    expect(code).toBe(0);
    expect(stdout).toMatch(/cut .*SSIM.*PSNR/);
    expect(stdout).toMatch(/\n\ncut +distance correlation/);
    expect(stderr).toMatch(/^audit: 1 cut × 1 defense × rmle, on 2 victims\n/);
    expect(stderr).toMatch(/\naudit: this will take .*, as measured here in \d+ s\n/);
    expect(stderr).toMatch(/\nconv1 none rmle: SSIM /);
  });

  it('takes preprocessing from flags where there is no card', async () => {
    const flags = ['--size', '1x28x28', '--mean', '0.5', '--std', '0.5'];
    const document = await documentOf('audit', shop.bare, ...quick(shop), '--at', 'conv1', ...flags);
    expect((document.results as unknown[]).length).toBe(1);
  });

  const endless = [
    '--images',
    '20',
    '--iterations',
    '100000',
    '--lambda-tv',
    '0',
    '--attack',
    'rmle',
    '--threads',
    '1',
  ];

  it('ends within seconds of Ctrl-C, says so, and keeps what is finished', async () => {
    const out = shop.path('stopped.json');
    const running = start('audit', shop.model, '--data', shop.data, ...endless, '--out', out);
    // The first of many cuts is done: it is in the middle of the next.
    await running.says('conv1 none rmle: SSIM');
    const asked = performance.now();
    expect(await running.stop('SIGINT')).toBe(1);
    expect(performance.now() - asked).toBeLessThan(5000);
    expect(running.stdout()).toBe('');
    const lines = running.stderr().trimEnd().split('\n');
    expect(lines.pop()).toBe('cutline: Cancelled. [CANCELLED]');
    expect(lines.pop()).toBe(`audit: what is finished is in ${out}, marked as incomplete`);
    expect((await readdir(shop.dir)).filter((name) => name.includes('stopped'))).toEqual(['stopped.json']);
    await expectPartial(out);
  });

  it('ends at once when Ctrl-C comes again, and keeps what is finished all the same', async () => {
    const out = shop.path('killed.json');
    const running = start('audit', shop.model, '--data', shop.data, ...endless, '--out', out);
    await running.says('conv1 none rmle: SSIM');
    void running.stop('SIGINT');
    const asked = performance.now();
    expect(await running.stop('SIGINT')).not.toBe(0);
    expect(performance.now() - asked).toBeLessThan(2000);
    expect(running.stdout()).toBe('');
    await expectPartial(out);
  });

  async function expectPartial(path: string) {
    const document = JSON.parse(await readFile(path, 'utf8'));
    expect(document).toMatchObject({ format: 'cutline.audit/1', incomplete: true });
    expect(document.results.map((r: { cut: string }) => r.cut)).toEqual(['conv1']);
    expect(document.leakage).toHaveLength(1);
  }

  it('says which attack failed and why, prints its document all the same, and ends as failed', async () => {
    const failing = ['--solver', 'adam', '--learning-rate', '1e6', '--at', 'conv1', '--json'];
    const { code, stdout, stderr } = await cutline('audit', shop.model, ...quick(shop), ...failing);
    expect(code).toBe(1);
    expect(stderr).toMatch(/\nconv1 none rmle failed: .*diverged for 2 of 2 victims.*\[ATTACK_DIVERGED\]\n/);
    const document = JSON.parse(stdout);
    expect([document.results, document.leakage]).toEqual([[], []]);
    expect(document.failed).toMatchObject([{ cut: 'conv1', attack: 'rmle', code: 'ATTACK_DIVERGED' }]);
    expect(document.unaudited).toMatchObject([{ cut: 'conv1', code: 'ATTACK_DIVERGED' }]);
  });

  it('fits a budget, says what that costs, and writes it down', async () => {
    const budget = ['--data', shop.data, '--images', '2', '--budget', '3s', '--json'];
    const began = performance.now();
    const { code, stdout, stderr } = await cutline('audit', shop.model, ...budget);
    const document = JSON.parse(stdout);
    expect(document.budget).toMatchObject({ allowedSeconds: 3, images: 2 });
    expect(document.budget.said.length).toBeGreaterThan(0);
    for (const sentence of document.budget.said) expect(stderr).toContain(`audit: ${sentence}\n`);
    // What was not attacked is not known, and all of it is told.
    const cuts = ['conv1', 'ReLU1', 'pool1', 'conv2', 'ReLU2', 'pool2', 'flat', 'fc1', 'fc1act'];
    const known = new Set([...document.results, ...document.unaudited].map((r: { cut: string }) => r.cut));
    expect([...known].sort()).toEqual(cuts.sort());
    expect(document.unaudited).toContainEqual(expect.objectContaining({ code: 'AUDIT_LEFT_OUT' }));
    expect(code).toBe(document.results.length > 0 ? 0 : 1);
    expect(performance.now() - began).toBeLessThan(60_000);
  });

  it.each(['20', 'soon', '0m'])('refuses a budget of %s', async (budget) => {
    const { code, stderr } = await cutline('audit', shop.model, ...quick(shop), '--budget', budget);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/--budget .* such as 90s, 20m, 1.5h or 2d\. \[USAGE\]\n$/),
    ]);
  });
});

describe('cutline audit, again', () => {
  it('takes up what is finished, so that an audit that was stopped goes on', async () => {
    const cached = [...quick(shop), '--cache', shop.path('cache')];
    const first = await documentOf('audit', shop.model, ...cached, '--at', 'conv1');
    const both = await documentOf('audit', shop.model, ...cached, '--at', 'conv1', '--at', 'ReLU2');
    // The seconds too are those of the first time: nothing was attacked twice.
    expect((both.results as unknown[])[0]).toEqual((first.results as unknown[])[0]);
    expect(await readdir(shop.path('cache'))).toHaveLength(2);
    const other = await documentOf('audit', shop.model, ...cached, '--at', 'conv1', '--seed', '2');
    expect((other.results as { seconds: number }[])[0]!.seconds).not.toBe(
      (first.results as { seconds: number }[])[0]!.seconds,
    );
    expect(await readdir(shop.path('cache'))).toHaveLength(3);
  });

  it('makes anew what is damaged there', async () => {
    const cached = [...quick(shop), '--at', 'conv1', '--cache', shop.path('damaged')];
    const first = await documentOf('audit', shop.model, ...cached);
    const [name] = await readdir(shop.path('damaged'));
    await writeFile(join(shop.path('damaged'), name!), 'no cache at all');
    const again = await documentOf('audit', shop.model, ...cached);
    const seconds = (d: typeof first) => (d.results as { seconds: number }[])[0]!.seconds;
    expect(seconds(again)).not.toBe(seconds(first));
    expect((again.leakage as unknown[])[0]).toEqual((first.leakage as unknown[])[0]);
  });

  it('mounts only what the threat allows', async () => {
    const weak = await cutline('audit', shop.model, ...quick(shop), '--threat', 'black-box');
    expect([weak.code, weak.stdout]).toEqual([2, '']);
    expect(weak.stderr).toMatch(/rmle needs a white-box attacker.*inverse-network.*\[ATTACK_NOT_ALLOWED\]\n$/);
  });

  it('takes the formula and restarts, and says when they do not go together', async () => {
    const few = ['--data', shop.data, '--images', '2', '--at', 'conv1', '--attack', 'rmle', '--iterations', '3'];
    const results = async (...more: string[]) =>
      (await documentOf('audit', shop.model, ...few, ...more)).results as { parameters: object }[];
    const [restarted] = await results('--restarts', '2');
    expect(restarted!.parameters).toMatchObject({ solver: 'lbfgs', restarts: 2 });
    const [variation] = await results('--lambda-tv', '0.1', '--formula', 'paper');
    expect(variation!.parameters).toMatchObject({ solver: 'lbfgs', lambdaTv: 0.1 });
    const both = await cutline('audit', shop.model, ...few, '--restarts', '2', '--formula', 'code');
    expect([both.code, both.stdout]).toEqual([2, '']);
    expect(both.stderr).toMatch(/--restarts is for .*\[USAGE\]\n$/);
  });

  it('sweeps over queries, keeps decoders, and uses them again', async () => {
    const few = ['--data', shop.data, '--images', '2', '--at', 'conv1', '--attack', 'inverse-network', '--epochs', '1'];
    const folder = shop.path('decoders');
    const sweep = await documentOf(
      'audit',
      shop.model,
      ...few,
      '--queries',
      '16',
      '--queries',
      '40',
      '--save-decoders',
      folder,
    );
    expect((sweep.results as { queries: number }[]).map((r) => r.queries)).toEqual([16, 40]);
    expect((await readdir(folder)).sort()).toEqual([
      'conv1.none.inverse-network-16.onnx',
      'conv1.none.inverse-network-40.onnx',
    ]);
    const file = join(folder, 'conv1.none.inverse-network-40.onnx');
    const reused = await documentOf('audit', shop.model, ...few, '--decoder', file);
    const ssim = (d: typeof sweep, i: number) => (d.results as { ssim: { mean: number } }[])[i]!.ssim.mean;
    expect(ssim(reused, 0)).toBe(ssim(sweep, 1));
    const wrong = await cutline('audit', shop.model, ...few, '--at', 'pool1', '--decoder', file);
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toMatch(/\[DECODER_UNFIT\]\n$/);
  });
});
