/** What becomes of plans on the disk: power may go between any two writes, and something good is always there to run. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  begun,
  confirmed,
  dropped,
  failed,
  type Known,
  keptPlans,
  noRollout,
  type Rollout,
  rolloutSchema,
  staged,
  unbegun,
} from '../../../src/device/updates/rollout.ts';
import { RolloutFile } from '../../../src/device/updates/rollout-file.ts';

const known = (n: number): Known => ({ planId: n.toString(16).padStart(32, '0'), serial: n });
const at = '2026-01-02T03:04:05.000Z';
const why = { code: 'UPDATE_TRIAL', problem: 'no answer', at };
const [a, b, c] = [known(10), known(11), known(12)];

describe('a rollout', () => {
  it('goes from one plan to the next and keeps the one before', () => {
    const one = confirmed(begun(staged(noRollout, a)), at);
    expect(one).toMatchObject({ current: a, previous: null, trial: null, newest: a });
    const two = confirmed(begun(staged(one, b)), at);
    expect(two).toMatchObject({ current: b, previous: a });
    expect(keptPlans(staged(two, c)).map((k) => k.serial)).toEqual([11, 10, 12]);
    // One that was mended takes its own place.
    expect(confirmed(begun(staged(two, b)), at)).toMatchObject({ current: b, previous: a });
  });

  it('knows what failed, and what is older than that', () => {
    const one = failed(begun(staged(confirmed(staged(noRollout, a), at), c)), c, why);
    expect(one).toMatchObject({ current: a, trial: null, newest: c, last: { outcome: 'failed', planId: c.planId } });
    expect(dropped(staged(one, c)).newest).toEqual(c);
    expect(unbegun(begun(staged(noRollout, a))).trial).toEqual({ ...a, starts: 0 });
    const many = Array.from({ length: 100 }, (_, i) => known(i + 20)).reduce((r, k) => failed(r, k, why), one);
    expect(rolloutSchema.safeParse(many).success).toBe(true);
    expect(failed(one, b, { ...why, problem: 'x'.repeat(5000) }).last?.problem?.length).toBeLessThan(600);
  });

  it('never loses a confirmed plan but to a newer confirmed one, whatever happens in whatever order', () => {
    const step = fc.tuple(fc.constantFrom('stage', 'begin', 'unbegin', 'confirm', 'fail', 'drop'), fc.nat(30));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let r: Rollout = noRollout;
        let good: Known | null = null;
        for (const [kind, n] of steps) {
          const { trial } = r;
          if (kind === 'stage') r = staged(r, known(n));
          else if (kind === 'begin') r = begun(r);
          else if (kind === 'unbegin') r = unbegun(r);
          else if (kind === 'drop') r = dropped(r);
          else if (kind === 'fail') r = failed(r, trial ?? known(n), why);
          else r = confirmed(r, at);
          if (kind === 'confirm' && trial) good = { planId: trial.planId, serial: trial.serial };
          expect(r.current).toEqual(good);
          expect(rolloutSchema.safeParse(r).success).toBe(true);
          expect(r.trial === null || (r.newest?.serial ?? -1) >= r.trial.serial).toBe(true);
        }
      }),
    );
  });
});

describe('the file of a rollout', () => {
  const folder = async () => {
    const path = await mkdtemp(join(tmpdir(), 'cutline-rollout-'));
    onTestFinished(() => rm(path, { recursive: true, force: true }));
    return path;
  };

  it('is read back as it was written', async () => {
    const path = await folder();
    const file = await RolloutFile.open(path, () => {});
    await file.change((r) => staged(r, a));
    expect((await RolloutFile.open(path, () => {})).now).toEqual(staged(noRollout, a));
  });

  it.each(['', '{', '{"format":"cutline.updates/1"}', '\0\0\0\0'])(
    'that holds %j is set aside, and said',
    async (text) => {
      const path = await folder();
      await writeFile(join(path, 'updates.json'), text);
      const said: string[] = [];
      const file = await RolloutFile.open(path, (line) => said.push(line));
      expect([file.now, file.isLost]).toEqual([noRollout, true]);
      expect(said).toEqual([expect.stringContaining('UPDATE_STATE_INVALID')]);
      expect(await readFile(join(path, 'updates.json.broken'), 'utf8')).toBe(text);
    },
  );

  it('that cannot be written stops what may wait, and not what must be', async () => {
    const path = await folder();
    const file = await RolloutFile.open(path, () => {});
    await file.change((r) => staged(r, a));
    await rm(path, { recursive: true });
    await writeFile(path, 'in the way');
    await expect(file.change((r) => confirmed(r, at))).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE' });
    expect(file.now.trial).not.toBeNull();
    const said: string[] = [];
    await file.settle(
      (r) => failed(r, a, why),
      (line) => said.push(line),
    );
    expect([file.now.trial, said.length]).toEqual([null, 1]);
  });
});
