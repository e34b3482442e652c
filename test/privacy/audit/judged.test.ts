/** Which attacks and victims count: what found nothing out is told and never scored. */
import { describe, expect, it } from 'vitest';
import { CutlineError } from '../../../src/errors.ts';
import { float32, type Tensor } from '../../../src/model/index.ts';
import type { Missed, QueryFreeAttack, QueryFreeContext, Reconstruction } from '../../../src/privacy/attacks/index.ts';
import { judged } from '../../../src/privacy/audit/judged.ts';

const rows = (count: number, value: (row: number) => number): Tensor =>
  float32(
    Float32Array.from({ length: 4 * count }, (_, i) => value(Math.floor(i / 4))),
    [count, 1, 2, 2],
  );

function judge(pictures: Tensor, { observed = rows(pictures.shape[0]!, (i) => i), missed = [] as Missed[] } = {}) {
  const count = pictures.shape[0]!;
  const found: Reconstruction = {
    pictures,
    iterations: 3,
    parameters: {},
    budgets: {},
    ...(missed.length > 0 && { missed }),
  };
  return run(async () => found, observed, count);
}

function run(answer: () => Promise<Reconstruction>, observed: Tensor, count: number) {
  const attack: QueryFreeAttack = { name: 'fake', threat: 'query-free', run: answer };
  return judged(attack, 'conv').run({ observed: { conv: observed }, count } as unknown as QueryFreeContext);
}

const stuck = (...victims: number[]): Missed[] => victims.map((victim) => ({ victim, reason: 'stuck' }));

describe('what an attack found', () => {
  it('counts as it is where every victim was got at', async () => {
    const pictures = rows(5, (i) => i / 10);
    expect(await judge(pictures)).toEqual({ pictures, iterations: 3, parameters: {}, budgets: {} });
  });

  it('counts without a tenth of the victims', async () => {
    const { missed } = await judge(
      rows(10, (i) => i / 10),
      { missed: stuck(7) },
    );
    expect(missed).toEqual([{ victim: 7, reason: 'stuck' }]);
  });

  it.each([
    [10, [2, 7]],
    [4, [0]],
    [3, [0, 1, 2]],
  ])('of %i victims is nothing without %j: those that are left may be the easy ones', async (count, victims) => {
    const failing = judge(
      rows(count, (i) => i / 10),
      { missed: stuck(...victims) },
    );
    await expect(failing).rejects.toMatchObject({
      code: 'ATTACK_STALLED',
      message: expect.stringContaining(`attack fake found nothing out about ${victims.length} of ${count} victims`),
    });
  });

  it('is nothing where pictures are no numbers', async () => {
    const failing = judge(rows(4, (i) => (i === 2 ? Number.NaN : i)));
    await expect(failing).rejects.toMatchObject({
      code: 'ATTACK_DIVERGED',
      message: expect.stringMatching(/1 of 4 victims: it came to values that are no numbers/),
    });
    const one = await judge(rows(20, (i) => (i === 2 ? Number.POSITIVE_INFINITY : i)));
    expect(one.missed).toEqual([{ victim: 2, reason: 'not-finite' }]);
  });

  it('is nothing where all pictures are one and what was observed is not', async () => {
    const failing = judge(rows(6, () => 0.3));
    await expect(failing).rejects.toMatchObject({ code: 'ATTACK_STALLED', message: expect.stringMatching(/6 of 6/) });
    // Who sees the same of everybody can only answer the same.
    const blind = await judge(
      rows(6, () => 0.3),
      { observed: rows(6, () => 1) },
    );
    expect(blind.missed).toBeUndefined();
    // The same picture twice among the victims, seen but for rounding alike.
    const twins = await judge(
      rows(6, (i) => (i === 5 ? 4 : i)),
      { observed: rows(6, (i) => (i === 5 ? 4.000001 : i)) },
    );
    expect(twins.missed).toBeUndefined();
  });

  it.each([
    ['TRAINING_DIVERGED', { epoch: 2 }, 'ATTACK_DIVERGED', /loss of epoch 2 of its training is no number/],
    ['TRAINING_STALLED', { problem: 'no weight has moved' }, 'ATTACK_STALLED', /no weight has moved/],
  ] as const)('is nothing where its training failed: %s', async (code, details, becomes, message) => {
    const failing = run(
      async () => {
        throw new CutlineError(code, details);
      },
      rows(3, (i) => i),
      3,
    );
    await expect(failing).rejects.toMatchObject({ code: becomes, message: expect.stringMatching(message) });
  });
});
