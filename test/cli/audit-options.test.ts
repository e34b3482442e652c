import { describe, expect, it } from 'vitest';
import { optionsOfAttacks } from '../../src/attacks.ts';
import { auditOptions } from '../../src/cli/audit-options.ts';
import type { AuditSettings } from '../../src/cli/run-audit.ts';
import type { Dataset, Preprocessing } from '../../src/data/index.ts';
import { parseProtocol } from '../../src/plan/index.ts';
import { leastProtocol } from '../support/evidence.ts';

const data = { name: 'made up', train: { count: 5000 }, test: { count: 5000 } } as Dataset;
const preprocessing = { channels: 3, height: 8, width: 8 } as Preprocessing;
const protocol = parseProtocol(
  {
    ...leastProtocol,
    attacks: {
      'answer-only': [],
      'query-free': [{ name: 'shadow', shadows: 3, epochs: 4 }],
      'black-box': [{ name: 'inverse-network', queries: 700, epochs: 5 }],
      'white-box': [
        { name: 'rmle', iterations: 40, restarts: 2 },
        { name: 'latent', iterations: 60, restarts: 3 },
      ],
    },
  },
  'test',
);

const settings = (change: Partial<AuditSettings>, own: Record<string, unknown> = {}) =>
  ({
    threat: 'white-box',
    attackerData: 'same-set',
    decoder: 'residual',
    loss: 'mse+ssim',
    solver: 'lbfgs',
    defenses: ['none'],
    seed: 1,
    own: optionsOfAttacks({ 'shadow-inversion': 'rmle', ...own }),
    ...change,
  }) as AuditSettings;

describe('an audit by a protocol', () => {
  it('asks about a learned code as many pictures as taught it, where there are', async () => {
    const queriesFor = async (learntFrom: number) =>
      (await auditOptions(settings({}), preprocessing, data, protocol, learntFrom)).inverseNetwork?.queries;
    expect(await queriesFor(300)).toEqual([700]);
    expect(await queriesFor(2000)).toEqual([2000]);
    expect(await queriesFor(60_000)).toEqual([data.train.count]);
    // A protocol that names no number means as many as are asked by default.
    const vague = parseProtocol(
      {
        ...leastProtocol,
        attacks: { 'answer-only': [], 'query-free': [], 'black-box': [{ name: 'inverse-network' }], 'white-box': [] },
      },
      'vague',
    );
    const byVague = async (learntFrom: number) =>
      (await auditOptions(settings({}), preprocessing, data, vague, learntFrom)).inverseNetwork?.queries;
    expect([await byVague(0), await byVague(2000), await byVague(4000)]).toEqual([undefined, [3000], [4000]]);
    const asked = await auditOptions(settings({ queries: [900] }), preprocessing, data, protocol, 2000);
    expect(asked.inverseNetwork?.queries).toEqual([900]);
  });

  it('gives every attack the least budgets where nobody says others', async () => {
    const options = await auditOptions(settings({}), preprocessing, data, protocol);
    expect(options).toMatchObject({
      rmle: { iterations: 40, restarts: 2, solver: 'lbfgs' },
      latent: { iterations: 60, restarts: 3 },
      inverseNetwork: { queries: [700], epochs: 5, data: 'same-set', decoder: 'residual' },
    });
    // Who holds the head needs no shadow.
    const weaker = await auditOptions(settings({ threat: 'query-free' }), preprocessing, data, protocol);
    expect(weaker.shadow).toMatchObject({ shadows: 3, epochs: 4, inversion: 'rmle' });
    expect(options.shadow).toMatchObject({ shadows: undefined, inversion: 'rmle' });
  });

  it('gives what is asked for by name where that is asked', async () => {
    const asked = settings({ iterations: 7, queries: [64, 128], restarts: 9 }, { shadows: 8, 'shadow-epochs': 6 });
    const options = await auditOptions(asked, preprocessing, data, protocol);
    expect(options).toMatchObject({
      rmle: { iterations: 7, restarts: 9 },
      latent: { iterations: 7, restarts: 3 },
      inverseNetwork: { queries: [64, 128], epochs: 5 },
      shadow: { shadows: 8, epochs: 6, iterations: 7 },
    });
  });
});

describe('an audit without a protocol', () => {
  it('leaves to the attacks what nobody says', async () => {
    const options = await auditOptions(settings({}), preprocessing, data, undefined);
    expect(options.rmle.iterations).toBeUndefined();
    expect(options.latent?.iterations).toBeUndefined();
    expect(options.shadow?.shadows).toBeUndefined();
    expect(options.inverseNetwork?.queries).toBeUndefined();
  });
});
