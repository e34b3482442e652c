/** When a plan on trial is confirmed, and when it has failed. */
import { describe, expect, it } from 'vitest';
import { type Progress, Trial } from '../../../src/device/updates/trial.ts';

const limits = { answers: 20, forS: 600, silentS: 60, startS: 120 };
const at: Progress = { ready: true, connected: true, asking: true, waiting: 0, answered: 0, faults: 0 };
/** The verdict after these, a second each. */
function verdictOf(...seen: { readonly times: number; readonly progress: Partial<Progress> }[]) {
  const trial = new Trial(limits, 0);
  let nowMs = 0;
  for (const { times, progress } of seen)
    for (let i = 0; i < times; i++) {
      nowMs += 1000;
      const verdict = trial.see({ ...at, ...progress }, nowMs);
      if (verdict) return { ...verdict, nowS: nowMs / 1000 };
    }
  return undefined;
}

describe('a trial', () => {
  it('is over with so many answers, or long after the first where pictures are rare', () => {
    expect(verdictOf({ times: 1, progress: { answered: 20 } })).toMatchObject({ confirmed: true });
    const rare = { times: 700, progress: { answered: 1, asking: false } };
    expect(verdictOf({ times: 9, progress: { asking: false } }, rare)).toMatchObject({ confirmed: true, nowS: 610 });
  });

  it('has failed after silence while connected and asking, even when answers came before', () => {
    const silent = { times: 62, progress: {} };
    expect(verdictOf(silent)).toMatchObject({ confirmed: false, nowS: 61 });
    expect(verdictOf({ times: 1, progress: { answered: 3 } }, { times: 62, progress: { answered: 3 } })).toMatchObject({
      confirmed: false,
      nowS: 62,
    });
  });

  it('counts neither an outage of the network nor a time without pictures', () => {
    expect(verdictOf({ times: 86_400, progress: { connected: false } })).toBeUndefined();
    expect(verdictOf({ times: 86_400, progress: { asking: false } })).toBeUndefined();
    const outage = { times: 1000, progress: { connected: false } };
    const silent = { times: 40, progress: {} };
    expect(verdictOf(silent, outage, { times: 20, progress: {} })).toBeUndefined();
    expect(verdictOf(silent, outage, silent)).toMatchObject({ confirmed: false, nowS: 1061 });
  });

  it('has failed when the head does not load, or inferences fail by the plan’s own fault', () => {
    expect(verdictOf({ times: 200, progress: { ready: false } })).toMatchObject({ confirmed: false, nowS: 121 });
    const faulty = { answered: 30, faults: 3, fault: 'The engine failed while running: x' };
    expect(verdictOf({ times: 1, progress: faulty })).toMatchObject({
      confirmed: false,
      problem: '3 inferences failed, the last: The engine failed while running: x',
    });
    expect(verdictOf({ times: 1, progress: { answered: 20, faults: 2 } })).toMatchObject({ confirmed: true });
  });
});
