/** Attacks that find nothing out, in an audit: told with their reason, never scored, kept nowhere, and no plan believes them. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, float32, type Graph, loadModel } from '../../../src/model/index.ts';
import { readAudit } from '../../../src/planner/index.ts';
import { chargedLeakage } from '../../../src/planner/leakage.ts';
import { type AuditOptions, folderCache, runAudit, Subject } from '../../../src/privacy/audit/index.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { shared } from '../../support/shared.ts';
import { unitPreprocessing } from '../attacks/scene.ts';

const engine = await createEngine({ threads: 1, flushDenormals: true });
afterAll(() => engine.close());

const data = spots({ train: 40, test: 12 });
const graph = chain({ batch: 'n' });
const sha256 = 'a'.repeat(64);

async function audit(network: Graph, change: Partial<AuditOptions>, pictures = data) {
  const subject = await Subject.open(engine, network, unitPreprocessing(pictures));
  return runAudit([engine], subject, pictures, {
    images: 3,
    seed: 1,
    attacks: ['rmle'],
    rmle: { solver: 'lbfgs', iterations: 5, lambdaTv: 0 },
    inverseNetwork: { queries: [20], epochs: 1 },
    cuts: ['conv1'],
    defenses: ['none'],
    modelSha256: sha256,
    ...change,
  });
}

/** The network with a bias so low that its second ReLU lets nothing through. */
function dead(): Graph {
  const bias = graph.initializers.get('conv2.bias')!;
  const low = float32(Float32Array.from(asFloat32(bias)).fill(-1e4), bias.shape);
  return { ...graph, initializers: new Map([...graph.initializers, ['conv2.bias', low]]) };
}

const adam = (learningRate: number) => ({ solver: 'adam', learningRate, iterations: 30, lambdaTv: 0 }) as const;

describe('an attack that failed', () => {
  it('is told with its reason and leaves its cut unaudited, while others are measured', async () => {
    const { audit: document, cells } = await audit(dead(), { cuts: ['conv1', 'ReLU2'] });
    expect(document.results.map((r) => r.cut)).toEqual(['conv1']);
    expect(document.leakage.map((l) => l.cut)).toEqual(['conv1']);
    const { message, ...rest } = document.failed[0]!;
    expect(rest).toEqual({
      ...{ cut: 'ReLU2', defense: 'none', codec: 'float32', threat: 'white-box' },
      ...{ attack: 'rmle', code: 'ATTACK_STALLED' },
    });
    expect(message).toMatch(/rmle found nothing out about 3 of 3 victims: the gradient is zero where it began/);
    expect(document.unaudited).toEqual([{ cut: 'ReLU2', defense: 'none', code: 'ATTACK_STALLED', message }]);
    expect(cells.map((c) => c.pictures === undefined)).toEqual([false, true]);
  });

  it('is a document even where nothing else was measured', async () => {
    const { audit: document } = await audit(graph, { rmle: adam(1e6) });
    expect([document.results, document.leakage]).toEqual([[], []]);
    expect(document.failed).toMatchObject([{ attack: 'rmle', code: 'ATTACK_DIVERGED' }]);
  });

  it.each([1e3, 1e30])('says that it diverged, whether it ends in numbers or not: rate %d', async (rate) => {
    const { audit: document } = await audit(graph, { rmle: adam(rate), cuts: undefined });
    expect(document.results).toEqual([]);
    for (const { code, message } of document.failed) {
      expect([code, message]).toEqual(['ATTACK_DIVERGED', expect.stringMatching(/diverged for 3 of 3 victims/)]);
    }
    expect(document.unaudited.map((u) => u.cut)).toEqual(document.failed.map((f) => f.cut));
  });

  it('leaves open what its threat gets, and not what weaker ones get', async () => {
    const attacks = ['rmle', 'inverse-network'] as const;
    const { audit: document } = await audit(graph, { rmle: adam(1e6), attacks });
    expect(document.results.map((r) => r.attack)).toEqual(['inverse-network']);
    expect(document.leakage.map((l) => l.threat)).toEqual(['black-box']);
    expect(document.unaudited.map((u) => u.code)).toEqual(['ATTACK_DIVERGED']);
  });

  it('is kept in no cache', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cutline-failed-'));
    try {
      const cache = { store: folderCache(dir), about: {} };
      await audit(graph, { rmle: adam(1e6), cache });
      expect(await readdir(dir)).toEqual([]);
      await audit(graph, { cache });
      expect(await readdir(dir)).toHaveLength(1);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('is believed by no plan, whatever else the audit found at that cut', async () => {
    const attacks = ['rmle', 'inverse-network'] as const;
    const { audit: document } = await audit(graph, { rmle: adam(1e6), attacks });
    const dir = await mkdtemp(join(tmpdir(), 'cutline-failed-'));
    try {
      // As somebody might write it who knows no `failed`: a leakage stands there all the same.
      const [known] = document.leakage;
      const leakage = [{ ...known, threat: 'white-box' }, known];
      await writeFile(join(dir, 'audit.json'), JSON.stringify({ ...document, leakage }));
      const found = await readAudit(join(dir, 'audit.json'), sha256);
      const option = { cut: { id: 'conv1' }, defense: 'none', codec: 'uint8' } as Parameters<typeof chargedLeakage>[0];
      expect(chargedLeakage(option, found, 'white-box')).toBeUndefined();
      expect(chargedLeakage(option, found, 'black-box')).toMatchObject({ attack: 'inverse-network' });
      expect(chargedLeakage(option, { ...found, failed: [] }, 'white-box')).toBeDefined();
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe('cases from the field', () => {
  const colour = spots({ channels: 3, side: 32, train: 20, test: 8 });
  const cut = { cuts: ['act'], rmle: { solver: 'lbfgs', iterations: 30, lambdaTv: 0 } } as const;

  it('an island of float16 leaks what its float32 twin does', async (ctx) => {
    const path = await shared(ctx, 'cases/fp16-island.onnx');
    const { audit: document } = await audit(await loadModel(path), cut, colour);
    const twin = await audit(await loadModel(path.replace('fp16-island', 'fp32-twin')), cut, colour);
    const [found, expected] = [document, twin.audit].map((a) => a.results[0]!.ssim.mean);
    expect(Math.abs(found! - expected!)).toBeLessThan(0.05);
  });

  it('where a norm is zero a diverging Adam says so', async (ctx) => {
    const path = await shared(ctx, 'cases/normalize.onnx');
    const { audit: document } = await audit(await loadModel(path), { ...cut, rmle: adam(1e6) }, colour);
    expect(document.results).toEqual([]);
    expect(document.failed).toMatchObject([{ cut: 'act', code: 'ATTACK_DIVERGED' }]);
  });
});
