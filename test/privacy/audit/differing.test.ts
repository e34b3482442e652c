/** What an audit tells of how its attacks were set, and what a protocol makes of that. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Protocol } from '../../../src/plan/index.ts';
import { readProtocol, shortfalls } from '../../../src/plan/index.ts';
import { observedAt } from '../../../src/planner/evidence.ts';
import { memoryCache } from '../../../src/privacy/audit/cache.ts';
import { differing } from '../../../src/privacy/audit/differing.ts';
import type { AuditOptions } from '../../../src/privacy/audit/index.ts';
import { audit, engine, graph } from './spots-audit.ts';

afterAll(() => engine.close());

const protocol = await readProtocol('standard');
const enough = { victims: protocol.victims, gallery: protocol.gallery };

/** Of one attack, what is missing beside budgets that so small an audit cannot have. */
async function missing(change: Partial<AuditOptions>, asked: Protocol['attacks']['white-box']): Promise<string[]> {
  const { results, leakage, skipped } = (await audit(change)).audit;
  const option = { cut: { id: 'conv1', tensors: [] }, defense: 'none', codec: 'float32' } as const;
  const [entry] = observedAt(option, { results, leakage, ...(skipped && { skipped }) }, 'white-box');
  const own = { ...protocol, attacks: { 'answer-only': [], 'query-free': [], 'black-box': [], 'white-box': asked } };
  const attacks = entry!.attacks.map(({ name, exhausted, inapplicable, usual, settings, ...budgets }) => ({
    name,
    budgets,
    exhausted,
    inapplicable,
    usual,
    settings,
  }));
  return shortfalls(own, 'white-box', { ...enough, attacks });
}

const quick = { solver: 'lbfgs' } as const;
const decoder = { queries: [40] };

describe('an attack', () => {
  it('that is as it is by itself has nothing to tell, and meets a protocol that asks for it', async () => {
    const { results } = (await audit({ attacks: ['rmle'], rmle: { ...quick, lambdaTv: 'auto' } })).audit;
    expect(results[0]).not.toHaveProperty('settings');
    expect(results[0]).not.toHaveProperty('usual');
    expect(await missing({ rmle: quick }, [{ name: 'rmle' }])).toEqual([]);
  });

  it.each([
    [{ ...quick, lambdaTv: 0 }, 'lambdaTv 0'],
    [{ ...quick, formula: 'paper', lambdaTv: 'auto' }, 'formula paper, lambdaTv auto'],
    [{ solver: 'adam', learningRate: 0.02 }, 'solver adam, learningRate 0.02'],
    [{ ...quick, lambdaL2: 3 }, 'lambdaL2 3'],
  ] as const)('with %j is screened, however long it descends', async (rmle, told) => {
    const set = { rmle: { ...rmle, iterations: 30 } };
    expect(await missing(set, [{ name: 'rmle', iterations: 30 }])).toEqual([
      expect.stringMatching(/^rmle by its defaults, not with /),
    ]);
    const { results } = (await audit(set)).audit;
    const { settings } = results[0]!;
    const said = Object.entries(settings!).map(([k, v]) => `${k} ${v}`);
    for (const one of told.split(', ')) expect(said).toContain(one);
  });

  it.each([
    [{ size: { width: 8, blocks: 1 } }, 'size given'],
    [{ loss: 'mse' } as const, 'loss mse'],
    [{ data: 'gaussian' } as const, 'data gaussian'],
  ])('that learns with %j, and the hybrid that begins there, are screened', async (change, told) => {
    const settings = {
      attacks: ['inverse-network', 'hybrid'],
      inverseNetwork: { ...decoder, ...change, epochs: 1 },
    } as const;
    const found = await missing({ ...settings, rmle: { ...quick, iterations: 5 } }, [
      { name: 'inverse-network', epochs: 1, queries: 40 },
      { name: 'hybrid', epochs: 1, iterations: 5, queries: 40 },
    ]);
    expect(found).toEqual([
      `inverse-network by its defaults, not with ${told}`,
      `hybrid by its defaults, not with ${told}`,
    ]);
  });

  it('that was given less than it takes by itself is screened where the protocol names no budget', async () => {
    const found = await missing(
      {
        attacks: ['inverse-network', 'hybrid', 'rmle'],
        inverseNetwork: { ...decoder, epochs: 1 },
        rmle: { ...quick, iterations: 7 },
      },
      [{ name: 'inverse-network', queries: 40 }, { name: 'rmle' }, { name: 'rmle', iterations: 7 }],
    );
    expect(found).toEqual([
      expect.stringMatching(/^inverse-network with 1 epochs of \d+$/),
      'rmle with 7 iterations of 200',
    ]);
  });

  it('tells the same when it was kept', async () => {
    const store = memoryCache();
    const set = { cache: { store, about: {} }, rmle: { ...quick, lambdaTv: 0, iterations: 5 } };
    const [first, second] = [(await audit(set)).audit.results[0]!, (await audit(set)).audit.results[0]!];
    expect(first.settings).toEqual({ lambdaTv: 0 });
    expect(first.usual).toEqual({ iterations: 600 });
    expect([second.settings, second.usual, second.seconds]).toEqual([first.settings, first.usual, first.seconds]);
  });

  it('of which only the settings keep it from applying is not excused', () => {
    const asked = {
      ...protocol,
      attacks: { ...protocol.attacks, 'black-box': [], 'white-box': [], 'answer-only': [] },
    };
    const run = { name: 'shadow', budgets: {}, inapplicable: 'no such structure is published' };
    const by = (settings?: Record<string, string>) =>
      shortfalls(asked, 'query-free', { ...enough, attacks: [{ ...run, ...(settings && { settings }) }] });
    expect(by()).toEqual([]);
    expect(by({ structure: 'paper' })).toEqual(['shadow by its defaults, not with structure paper']);
  });

  it('does not escape by a shadow that does not apply as it was set', async () => {
    const shadow = { structure: 'paper' } as const;
    const change = { attacks: ['shadow', 'rmle'], shadow, rmle: { ...quick, iterations: 5 } } as const;
    const { skipped, results } = (await audit(change, graph)).audit;
    const told = [...(skipped ?? []), ...results].find((r) => r.attack === 'shadow')!;
    expect(told.settings).toEqual({ structure: 'paper' });
  });
});

describe('settings that differ', () => {
  it('are found within groups, and never budgets, places or what nobody set', () => {
    const options = { cut: 'a', batch: 3, queries: 9, data: 'same-set', rmle: { solver: 'adam', iterations: 3 } };
    expect(differing(options, { data: 'same-set', solver: 'lbfgs' })).toEqual({ solver: 'adam' });
    expect(differing({ data: undefined, training: { epochs: 1 } }, {})).toBeUndefined();
    expect(differing({ generator: { sha256: 'x' }, trained: {} }, {})).toEqual({
      generator: 'given',
      trained: 'given',
    });
  });
});
