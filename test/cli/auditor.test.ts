import { afterAll, describe, expect, it } from 'vitest';
import { auditor } from '../../src/cli/auditor.ts';
import type { AuditSetting } from '../../src/cli/plan-pictures.ts';
import type { Dataset, Pixels, Split } from '../../src/data/index.ts';
import { createEngine } from '../../src/engine/index.ts';
import { bindBatch, findCuts, type Graph, inferShapes } from '../../src/model/index.ts';
import type { Protocol } from '../../src/plan/index.ts';
import { createRandom } from '../../src/random.ts';
import { leastProtocol } from '../support/evidence.ts';
import { networks } from '../support/networks.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const size = { channels: 3, height: 16, width: 16 } as const;
const area = 3 * 16 * 16;

/** Every picture one colour, slightly uneven: easy to recover, impossible to confuse with grey. */
function split(count: number, seed: number): Split {
  const pixels = async (indices: readonly number[]): Promise<Pixels> => {
    const data = new Uint8Array(indices.length * area);
    for (const [i, index] of indices.entries()) {
      const random = createRandom(seed).fork(index);
      for (let j = 0; j < area; j++) data[i * area + j] = 64 + random.int(128);
    }
    return { ...size, count: indices.length, data };
  };
  return { count, labels: Int32Array.from({ length: count }, (_, i) => i % 10), pixels };
}

const dataset: Dataset = {
  ...size,
  name: 'noise',
  sha256: 'd'.repeat(64),
  classes: undefined,
  train: split(40, 1),
  test: split(20, 2),
};

/** Of fewer victims than a protocol may accept with: here it is asked what is run. */
const protocol: Protocol = {
  ...leastProtocol,
  victims: 2,
  gallery: 20,
  attacks: {
    'answer-only': [{ name: 'answer' }],
    'query-free': [{ name: 'shadow' }],
    'black-box': [{ name: 'inverse-network', queries: 30 }],
    'white-box': [{ name: 'rmle', iterations: 20 }, { name: 'hybrid' }, { name: 'latent', restarts: 1 }],
  },
  confirmation: { victims: 3, candidates: 1, error: 0.1 },
};

async function setting(unbound: Graph, over: Partial<AuditSetting> = {}): Promise<AuditSetting> {
  const graph = await inferShapes(bindBatch(unbound, 1), engine);
  return {
    model: { path: 'net.onnx', name: 'net', sha256: 'a'.repeat(64), graph, unbound, cuts: findCuts(graph) },
    dataset,
    preprocessing: { layout: 'NCHW', ...size, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    input: 'input',
    threat: 'white-box',
    protocol,
    maxSsim: 1,
    images: undefined,
    iterations: undefined,
    seed: 1,
    engine,
    log: () => {},
    ...over,
  };
}

describe('audits on demand', () => {
  it('attack the candidate and say what leaks', async () => {
    const lines: string[] = [];
    const shares: number[] = [];
    const spans: (object | undefined)[] = [];
    const progress = {
      phase: () => {},
      begin: (span?: object) => void spans.push(span),
      update: (done: number) => void shares.push(done),
    };
    const graph = networks.residual.build({ batch: 'n' });
    const { audit, victims } = auditor(await setting(graph, { log: (line) => lines.push(line), progress }));
    const { results, leakage, confirmation } = await audit('conv0', 'none');
    expect(lines[0]).toBe(
      'audits on demand by protocol least: rmle, hybrid, latent, inverse-network, answer, on 2 victims and 3 to confirm with, cheapest candidate first',
    );
    expect(lines[1]).toMatch(/^each takes .+; they end at the first that is proven safe$/);
    expect(spans).toEqual([{ low: expect.any(Number), high: expect.any(Number) }]);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeCloseTo(1, 6);
    expect(results.map((r) => r.attack)).toEqual(['rmle', 'inverse-network', 'hybrid', 'latent', 'answer']);
    // One for each threat: the black-box attacker is weaker.
    const strongest = leakage.find((l) => l.threat === 'white-box');
    expect(strongest).toMatchObject({ cut: 'conv0', defense: 'none', images: 2 });
    expect(strongest!.ssim.mean).toBeGreaterThan(0.5);
    const budgets = Object.fromEntries(results.map((r) => [r.attack, r.budgets]));
    expect(budgets).toMatchObject({
      rmle: { iterations: 20 },
      'inverse-network': { queries: 30 },
      latent: { restarts: 1 },
    });
    expect(victims()).toMatchObject({ count: 2, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    // The same attacks on others, who are no part of what the search sees.
    expect(confirmation).toMatchObject({ victims: { count: 3 }, confidence: 0.8 });
    expect(confirmation!.victims.sha256).not.toBe(victims()!.sha256);
    expect(confirmation!.results.map((r) => [r.attack, r.images])).toEqual(results.map((r) => [r.attack, 3]));
  }, 240_000);

  it('stop at what refuses a candidate, since more attacks change nothing', async () => {
    const graph = networks.residual.build({ batch: 'n' });
    const { audit } = auditor(await setting(graph, { maxSsim: 0.3 }));
    const { results, skipped } = await audit('conv0', 'none');
    expect(results.map((r) => r.attack)).toEqual(['rmle']);
    expect(skipped!.map((s) => [s.attack, s.code])).toContainEqual(['hybrid', 'ATTACK_SPARED']);
  }, 240_000);

  it('want as many pictures as the protocol asks for', async () => {
    const asked = { ...protocol, victims: 18 };
    const { audit } = auditor(await setting(networks.residual.build({ batch: 'n' }), { protocol: asked }));
    await expect(audit('conv0', 'none')).rejects.toMatchObject({ code: 'PROTOCOL_VICTIMS', exit: 2 });
  });

  it('know no attack that nobody has written', async () => {
    const attacks = { ...protocol.attacks, 'white-box': [{ name: 'telepathy' }] };
    const { audit } = auditor(
      await setting(networks.residual.build({ batch: 'n' }), { protocol: { ...protocol, attacks } }),
    );
    await expect(audit('conv0', 'none')).rejects.toMatchObject({ code: 'PROTOCOL_ATTACK', exit: 2 });
  });

  it('fit a budget, say what that costs, and leave unaudited what it does not reach', async () => {
    const lines: string[] = [];
    const graph = networks.residual.build({ batch: 'n' });
    const { audit } = auditor(await setting(graph, { log: (line) => lines.push(line), budget: 1e-3 }));
    const found = await audit('conv0', 'none');
    expect([found.results, found.leakage]).toEqual([[], []]);
    expect(found.budget).toMatchObject({ allowedSeconds: 1e-3, images: 2 });
    expect(lines.join('\n')).toMatch(
      /Without latent, hybrid, inverse-network: an attacker who mounts them may get more/,
    );
    expect(lines.at(-1)).toBe('cut conv0, defense none stays unaudited: the time that was allowed is used up');
  });

  it('leave a cut unaudited that cannot be attacked, say so, and go on', async () => {
    const lines: string[] = [];
    const graph = networks.residual.build({ batch: 'n' });
    const nodes = graph.nodes.map((n) => (n.name === 'relu0' ? { ...n, op: 'RandomNormalLike' } : n));
    const { audit } = auditor(await setting({ ...graph, nodes }, { log: (line) => lines.push(line) }));
    const { results, leakage, failed } = await audit('a_relu2', 'none');
    expect([results, leakage]).toEqual([[], []]);
    expect(failed).toMatchObject([{ cut: 'a_relu2', attack: 'rmle', code: 'NO_GRADIENT_RULE' }]);
    expect(lines.join()).toMatch(/cut a_relu2: rmle failed\. .*RandomNormalLike/);
  });
});
