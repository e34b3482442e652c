/** A code from the command line to a plan's evidence, as somebody would do it. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelSha256 } from '../../src/model/index.ts';
import { cutline, start, type Workshop, workshop } from './workshop.ts';

let shop: Workshop;
let protocol: string;
beforeAll(async () => {
  shop = await workshop({ train: 330, test: 40 });
  protocol = shop.path('quick.yaml');
  await writeFile(
    protocol,
    `format: cutline.protocol/1
name: quick
accepts: false
victims: 10
gallery: 20
observations: [1]
attacks: { answer-only: [{ name: answer, queries: 200 }], query-free: [], black-box: [], white-box: [{ name: rmle, iterations: 20 }] }
confirmation: null
rules: { worstDecileAbove: null, rank1: null, sameLabel: null }
`,
  );
});
afterAll(() => shop?.remove());

const same = (out: string) =>
  ['--out', shop.path(out), '--batch', '16', '--width', '8', '--views', '1', '--threads', '1'] as const;

const harden = (out: string, ...more: string[]) =>
  cutline(
    'harden',
    shop.model,
    ...same(out),
    ...(more.includes('--at') ? [] : ['--at', 'ReLU1']),
    ...(more.includes('--protocol') ? [] : ['--protocol', protocol]),
    ...(more.includes('--data') ? [] : ['--data', shop.data]),
    ...more,
  );

describe('cutline harden', () => {
  it('writes the network with its card and evidence, and tells what is left and what leaks', async () => {
    const { code, stdout, stderr } = await harden('whole', '--bits', '256,128', '--epochs', '2', '--json');
    expect(code, stderr).toBe(0);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({
      format: 'cutline.harden/1',
      cut: 'ReLU1',
      utility: { before: expect.any(Number), after: expect.any(Number), kind: expect.any(String) },
      leakage: { before: { protocol: 'screen' }, after: { protocol: 'quick' } },
      seconds: expect.any(Number),
    });
    expect(told.rates).toHaveLength(2);
    expect(told.bits).toBe(told.rates[0].bits);
    const bytes = await readFile(shop.path('whole/hardened.onnx'));
    expect(told.sha256).toBe(modelSha256(bytes));
    const evidence = JSON.parse(await readFile(shop.path('whole/evidence.json'), 'utf8'));
    expect(evidence).toMatchObject({ format: 'cutline.audit/1', model: { sha256: told.sha256 } });
    const spec = (r: { defense: string; codec: string }) => `${r.defense} ${r.codec}`;
    const prefix = `prefix(channels=${told.rates[1].channels})`;
    expect([...new Set(evidence.results.map(spec))].sort()).toEqual([`none code`, `${prefix} code`]);
    const inspected = await cutline('inspect', shop.path('whole/hardened.onnx'), '--json');
    expect(JSON.parse(inspected.stdout).cuts.map((c: { id: string }) => c.id)).toContain('code');
  });

  it('is noticed when network and card are not of one making', async () => {
    await harden('one', '--bits', '64', '--epochs', '1', '--no-evidence');
    await harden('other', '--bits', '64', '--epochs', '1', '--no-evidence', '--seed', '2');
    await copyFile(shop.path('other/hardened.card.yaml'), shop.path('one/hardened.card.yaml'));
    const { code, stderr } = await cutline('audit', shop.path('one/hardened.onnx'), '--data', shop.data);
    expect(code).toBe(2);
    expect(stderr).toContain('[CARD_OTHER_MODEL]');
  });

  it('ends with 3 where less is left than was asked for, and keeps what there is', async () => {
    const more = ['--bits', '2', '--levels', '4', '--epochs', '1', '--min-utility', '1', '--json'];
    const { code, stdout, stderr } = await harden('floor', ...more);
    expect(code).toBe(3);
    expect(stderr).toContain('[UTILITY_FLOOR]');
    expect(JSON.parse(stdout)).toMatchObject({ format: 'cutline.harden/1', leakage: null, evidence: null });
    expect((await readFile(shop.path('floor/hardened.onnx'))).length).toBeGreaterThan(1000);
    await expect(readFile(shop.path('floor/evidence.json'))).rejects.toThrow();
  });

  it('goes through few pictures as often as 3000 steps take', async () => {
    const settings = ['--bits', '64', '--no-evidence'];
    const running = start('harden', shop.model, '--at', 'ReLU1', '--data', shop.data, ...same('often'), ...settings);
    await expect.poll(() => running.stderr(), { timeout: 30_000 }).toContain('epoch 1/');
    expect(await running.stop('SIGINT')).toBe(0);
    expect(running.stderr()).toContain(`epoch 1/${Math.ceil(3000 / Math.floor((330 - 32) / 16))}:`);
  });

  it('goes on where it was stopped, with the same model, pictures and settings alone', async () => {
    const settings = ['--bits', '64', '--epochs', '60', '--no-evidence'];
    const running = start('harden', shop.model, '--at', 'ReLU1', '--data', shop.data, ...same('stopped'), ...settings);
    await expect.poll(() => running.stderr(), { timeout: 30_000 }).toContain('epoch 2/');
    expect(await running.stop('SIGINT')).toBe(0);
    expect(running.stderr()).toContain('stopped; the best so far is kept');
    const kept = shop.path('stopped/training.onnx');
    const bytes = await readFile(kept);
    const resumed = async (...more: string[]) => (await harden('stopped', ...settings, '--resume', ...more)).stderr;
    expect(await resumed('--seed', '2')).toContain('[RESUME_OTHER]');
    expect(await resumed('--mean', '0.4')).toContain('[RESUME_OTHER]');
    for (const damaged of [bytes.subarray(0, 5000), bytes.with(bytes.length >> 1, bytes[bytes.length >> 1]! ^ 0x40)]) {
      await writeFile(kept, damaged);
      expect(await resumed()).toContain('it is damaged');
    }
  }, 120_000);

  it('does not leave the evidence of another network beside a new one', async () => {
    await harden('stale', '--bits', '64', '--epochs', '1', '--no-evidence');
    await writeFile(shop.path('stale/evidence.json'), '{}');
    await harden('stale', '--bits', '64', '--epochs', '1', '--no-evidence', '--seed', '2');
    await expect(readFile(shop.path('stale/evidence.json'))).rejects.toThrow();
  });

  it('does not write over the network that it reads', async () => {
    await harden('own', '--bits', '64', '--epochs', '1', '--no-evidence');
    const path = shop.path('own/hardened.onnx');
    const { code, stderr } = await cutline(
      'harden',
      path,
      '--at',
      'pool2',
      '--bits',
      '32',
      '--data',
      shop.data,
      ...same('own'),
    );
    expect(code).toBe(2);
    expect(stderr).toContain('is the same file as');
  });

  it.each([
    ['a cut that is not there', ['--at', 'nowhere', '--bits', '64'], 'CUT_NOT_FOUND'],
    ['the last cut', ['--at', 'output', '--bits', '8'], 'CODE_CUT'],
    ['more bits than the activation holds', ['--bits', '1000000'], 'CODE_RATE'],
    ['half a bit', ['--bits', '0.5'], 'USAGE'],
    ['pictures that are not there', ['--bits', '64', '--data', './nowhere'], 'DATA_'],
    ['a training that was not begun', ['--bits', '64', '--resume'], 'FILE_NOT_FOUND'],
    ['an unknown protocol', ['--bits', '64', '--protocol', 'wishful'], 'PROTOCOL'],
  ])('refuses %s with one coded line', async (_, more, expected) => {
    const { code, stderr } = await harden('bad', ...more);
    expect(code).toBe(2);
    expect(stderr).toContain(`[${expected}`);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
