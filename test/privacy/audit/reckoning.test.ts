/** What an audit is reckoned to take counts all that it does: looks at a mechanism, observers, codecs, who is held back. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { searchSteps } from '../../../src/privacy/attacks/index.ts';
import { drawsOfMean } from '../../../src/privacy/audit/defended-head.ts';
import { type AuditOptions, Subject } from '../../../src/privacy/audit/index.ts';
import { Reckoning } from '../../../src/privacy/audit/reckoning.ts';
import { watchingOf } from '../../../src/privacy/audit/watching.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { unitPreprocessing } from '../attacks/scene.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());
const data = spots({ train: 200, test: 40 });
const subject = await Subject.open(engine, chain({ batch: 'n' }), unitPreprocessing(data));
const cuts = [subject.cut('ReLU2')];
const base: AuditOptions = {
  images: 10,
  seed: 1,
  attacks: ['rmle'],
  rmle: { solver: 'lbfgs', iterations: 60 },
  defenses: ['none'],
  modelSha256: 'a'.repeat(64),
};
const speed = { of: (_: unknown, __: unknown, work: number) => ({ low: work, high: work }), finished: () => false };

function reckoned(change: Partial<AuditOptions>, attacks = base.attacks) {
  const options = { ...base, ...change };
  const reckoning = new Reckoning(subject, data, options);
  const draft = { cuts, attacks, images: options.images, effort: 1, sparing: false };
  return {
    seconds: reckoning.seconds(draft),
    range: reckoning.range(draft, speed, 1).low,
    work: (defense: string) => {
      const { each, once } = reckoning.work(draft, attacks[0]!, cuts[0]!, defense);
      return each + once;
    },
    expected: (defense: string) => reckoning.expected(draft, speed, attacks[0]!, cuts[0]!, defense),
  };
}

describe('what an audit takes', () => {
  it('counts the ways of looking at a mechanism, each by what a step of it costs', () => {
    expect(watchingOf('none')).toEqual({ looks: 1, times: 1 });
    expect(watchingOf('gauss(sd=1)').looks).toBe(2);
    expect(watchingOf('quant(bits=4)').looks).toBe(3);
    expect(watchingOf('input.gauss(sd=0.5x)').looks).toBe(2 + drawsOfMean);
    const { work } = reckoned({});
    const victims = base.images * 60;
    for (const [defense, looks] of [
      ['gauss(sd=1)', 2],
      ['quant(bits=4)', 3],
      ['input.gauss(leak=0.4)', 2 + drawsOfMean],
    ] as const)
      expect(work(defense) / work('none')).toBeCloseTo(
        (searchSteps(60, looks) + victims) / (searchSteps(60) + victims),
        6,
      );
  });

  it('counts them for a generator, and one way alone for a head that stands in', () => {
    const of = (attack: 'latent' | 'substitute') => reckoned({}, [attack]).work;
    expect(of('latent')('quant(bits=4)')).toBeGreaterThan(of('latent')('none'));
    expect(of('substitute')('quant(bits=4)')).toBe(of('substitute')('none'));
  });

  it('counts observers of what is random, codecs, and victims that are held back', () => {
    const one = (defense: string) => reckoned({ defenses: [defense] });
    const two = (defense: string) => reckoned({ defenses: [defense], observations: [1, 16] });
    for (const which of ['seconds', 'range'] as const) {
      expect(two('gauss(sd=1)')[which]).toBeCloseTo(2 * one('gauss(sd=1)')[which], 9);
      expect(two('quant(bits=4)')[which]).toBeCloseTo(one('quant(bits=4)')[which], 9);
    }
    expect(two('gauss(sd=1)').expected('gauss(sd=1)')).toBeCloseTo(2 * one('none').expected('gauss(sd=1)'), 9);
    expect(reckoned({ codecs: ['float32', 'uint8'] }).seconds).toBeCloseTo(2 * one('none').seconds, 9);
    expect(reckoned({ heldBack: 30 }).work('none')).toBe(reckoned({ images: 40 }).work('none'));
  });

  it('of what a probe has finished only the first observer is done', () => {
    const done = { ...speed, finished: () => true };
    const options = { ...base, defenses: ['gauss(sd=1)'], observations: [1, 16] };
    const reckoning = new Reckoning(subject, data, options);
    const draft = { cuts, attacks: base.attacks, images: 10, effort: 1, sparing: false };
    const whole = reckoning.range(draft, done, 1).low;
    reckoning.probed = draft;
    const rest = reckoning.range(draft, done, 1).low;
    expect(rest).toBeLessThan(whole);
    expect(rest).toBeGreaterThan(whole / 3);
  });
});
