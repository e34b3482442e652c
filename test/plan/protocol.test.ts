import { describe, expect, it } from 'vitest';
import { CutlineError } from '../../src/errors.ts';
import {
  missingObservations,
  type Protocol,
  parseProtocol,
  protocolSha256,
  readProtocol,
  requiredAttacks,
  shippedProtocols,
  shortfalls,
} from '../../src/plan/index.ts';

const standard = await readProtocol('standard');
const all = {
  victims: 100,
  gallery: 1000,
  attacks: [
    { name: 'answer', budgets: { queries: 3000 } },
    { name: 'shadow', budgets: { shadows: 1 } },
    { name: 'inverse-network', budgets: { queries: 3000, epochs: 4 } },
    { name: 'rmle', budgets: { iterations: 200, restarts: 1 } },
    { name: 'hybrid', budgets: { queries: 3000, iterations: 200 } },
  ],
};

describe('protocols', () => {
  it('ships three, of which the quick one may only refuse', async () => {
    expect(await shippedProtocols()).toEqual(expect.arrayContaining(['screen', 'standard', 'thorough']));
    for (const name of await shippedProtocols()) expect((await readProtocol(name)).name).toBe(name);
    expect((await readProtocol('screen')).accepts).toBe(false);
    expect(standard.accepts).toBe(true);
  });

  it('has one digest whatever the order of its keys, and another for another demand', () => {
    const turned = Object.fromEntries(Object.entries(standard).reverse()) as Protocol;
    expect(protocolSha256(turned)).toBe(protocolSha256(standard));
    expect(protocolSha256({ ...standard, victims: 101 })).not.toBe(protocolSha256(standard));
  });

  it('asks of a stronger observer what it asks of weaker ones, and more, but no stand-in for what he holds', () => {
    expect(requiredAttacks(standard, 'answer-only').map((a) => a.name)).toEqual(['answer']);
    expect(requiredAttacks(standard, 'query-free').map((a) => a.name)).toEqual(['shadow', 'answer']);
    expect(requiredAttacks(standard, 'white-box').map((a) => a.name)).toEqual([
      'rmle',
      'hybrid',
      'inverse-network',
      'answer',
    ]);
  });

  it.each([
    [{ victims: 20 }, /50 victims/],
    [{ confirmation: null }, /confirms/],
    [{ name: 'Mine!' }, /lower-case letters/],
    [{ observations: [] }, /observations/],
    [{ extra: 1 }, /extra: unknown key/],
  ])('is refused with %j', (change, problem) => {
    expect(() => parseProtocol({ ...standard, ...change }, 'mine.yaml')).toThrow(CutlineError);
    expect(() => parseProtocol({ ...standard, ...change }, 'mine.yaml')).toThrow(problem);
  });

  it('names one that is not there, and those that are', async () => {
    await expect(readProtocol('weak')).rejects.toThrow(/No protocol named weak.*standard/);
  });
});

describe('what an audit did', () => {
  it('meets the protocol when everything was run with enough', () => {
    expect(shortfalls(standard, 'white-box', all)).toEqual([]);
    expect(shortfalls(standard, 'black-box', { ...all, attacks: all.attacks.slice(0, 3) })).toEqual([]);
  });

  it.each([
    [{ victims: 99 }, '99 victims of 100'],
    [{ gallery: 500 }, 'a gallery of 500 of 1000'],
    [{ attacks: all.attacks.slice(1) }, 'no answer'],
    [
      { attacks: [...all.attacks.slice(0, 3), { name: 'rmle', budgets: { iterations: 100 } }, all.attacks[4]!] },
      'rmle with 100 iterations of 200',
    ],
  ])('falls short with %j', (change, said) => {
    expect(shortfalls(standard, 'white-box', { ...all, ...change })).toEqual([said]);
  });

  it('need not repeat what is the same every time', () => {
    const seen = (deterministic: boolean, ...observations: number[]) =>
      observations.map((k) => ({ deterministic, observer: { threat: 'white-box' as const, observations: k } }));
    expect(missingObservations(standard, seen(false, 1))).toEqual([16]);
    expect(missingObservations(standard, seen(false, 1, 16))).toEqual([]);
    expect(missingObservations(standard, seen(true, 1))).toEqual([]);
  });

  it('may have asked fewer pictures when there are no more, and need not run what cannot be run', () => {
    const few = { name: 'inverse-network', budgets: { queries: 400 } };
    const others = all.attacks.filter((a) => a.name !== few.name && a.name !== 'shadow');
    const shadow = { name: 'shadow', budgets: {}, inapplicable: 'there are no labels' };
    expect(shortfalls(standard, 'white-box', { ...all, attacks: [...others, shadow, few] })).toHaveLength(1);
    expect(
      shortfalls(standard, 'white-box', { ...all, attacks: [...others, shadow, { ...few, exhausted: true }] }),
    ).toEqual([]);
  });

  it('takes the best of several runs of an attack', () => {
    const weak = { name: 'rmle', budgets: { iterations: 1 } };
    expect(shortfalls(standard, 'white-box', { ...all, attacks: [weak, ...all.attacks] })).toEqual([]);
  });
});
