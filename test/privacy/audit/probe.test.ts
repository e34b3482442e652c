/** From a moment of an attack to the time of all of it. */
import { describe, expect, it } from 'vitest';
import { CutlineError } from '../../../src/errors.ts';
import { type ProbeLimits, probe } from '../../../src/privacy/audit/probe.ts';
import { speedOf } from '../../../src/privacy/audit/speed.ts';

const limits: ProbeLimits = { watchedMs: 100, mostMs: 60_000, shortMs: 5000 };

/** An attack on a clock of its own: so long before it says anything, then a hundredth a step. */
function attack(setupMs: number, stepMs: number) {
  let at = 0;
  const run = async (signal: AbortSignal, told: (done: number) => void) => {
    at += setupMs;
    for (let i = 1; i <= 100; i++) {
      told(i / 100);
      if (signal.aborted) throw new CutlineError('CANCELLED');
      at += stepMs;
    }
  };
  return { run, now: () => at };
}

describe('a probe', () => {
  it('tells what comes before from what takes its time', async () => {
    const { run, now } = attack(3000, 200);
    const found = await probe(run, limits, undefined, now);
    expect(found).toMatchObject({ setupSeconds: 3, finished: false });
    expect(found!.seconds).toBeCloseTo(19.8, 6);
    expect(now()).toBeLessThan(4000);
  });

  it('lets what is short come to its end', async () => {
    const { run, now } = attack(500, 10);
    expect(await probe(run, limits, undefined, now)).toMatchObject({ setupSeconds: 0.5, seconds: 1, finished: true });
  });

  it('gives up on what says nothing', async () => {
    const silent = (signal: AbortSignal) =>
      new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new CutlineError('CANCELLED'))));
    expect(await probe(silent, { ...limits, mostMs: 20 })).toBeUndefined();
  });

  it('passes on what goes wrong, and a stop from outside', async () => {
    const wrong = () => Promise.reject(new CutlineError('NO_GRADIENT_RULE', { node: 'a', op: 'B' }));
    await expect(probe(wrong, limits)).rejects.toMatchObject({ code: 'NO_GRADIENT_RULE' });
    const { run, now } = attack(0, 1);
    await expect(probe(run, limits, AbortSignal.abort(), now)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('a speed', () => {
  const measured = [
    { headMacs: 100, setup: 1, ratio: 2 },
    { headMacs: 300, setup: 3, ratio: 4 },
  ];
  const speed = speedOf(new Map([['rmle', measured]]));
  const middle = (macs: number, work: number, attack: 'rmle' | 'hybrid' | 'latent' = 'rmle') => {
    const { low, high } = speed.of(attack, { headMacs: macs }, work);
    expect(low).toBeLessThan(high);
    return (low + high) / 2;
  };

  it('lies between what was measured at two cuts', () => {
    expect(middle(200, 10) / middle(100, 10)).toBeCloseTo((2 + 3 * 10) / (1 + 2 * 10), 6);
    expect(middle(900, 10)).toBe(middle(300, 10));
  });

  it('of a hybrid is that of rMLE, and of what was not measured a wider guess', () => {
    expect(middle(200, 10, 'hybrid')).toBe(middle(200, 10));
    const [known, guessed] = [speed.of('rmle', { headMacs: 200 }, 10), speed.of('latent', { headMacs: 200 }, 10)];
    expect(guessed.high / guessed.low).toBeGreaterThan(known.high / known.low);
  });
});
