/** Plans that are pushed to a running agent: tried in a process of their own, confirmed or rolled back, and nothing is lost. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Running } from './support/processes.ts';
import { type Made, slowHead, trial, type Updating, updating } from './support/updating.ts';

const IMAGES = 40;
let u: Updating;
beforeEach(async () => {
  u = await updating({ images: IMAGES });
});
afterEach(() => u?.end());

const watch = { images: [], source: { type: 'watch', folder: 'images', settleMs: 0, pollMs: 50, maxFps: 25 } };
const agentOf = (settings: Record<string, unknown> = {}) =>
  u.agent({ ...watch, ...settings }, '--results', u.at('results.jsonl'));

interface Line {
  readonly image: string;
  readonly planId: string;
  readonly error?: { readonly code: string };
}
async function answers(): Promise<Line[]> {
  const text = await readFile(u.at('results.jsonl'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Line).filter((line) => !line.error);
}
/** Each picture once. */
async function expectAll(): Promise<Line[]> {
  await expect.poll(async () => (await answers()).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(IMAGES);
  const found = await answers();
  expect(new Set(found.map((line) => line.image)).size).toBe(found.length);
  return found;
}
const pidOf = (agent: Running, made: Made): number =>
  Number([...agent.stderr().matchAll(new RegExp(`agent (\\d+) runs plan ${made.plan.planId}`, 'g'))].at(-1)?.[1]);
const runs = (made: Pick<Made, 'plan'>) => new RegExp(`runs plan ${made.plan.planId}`);
const goesBack = async (agent: Running) => {
  await expect
    .poll(() => agent.stderr().split(`runs plan ${u.first.planId}`).length, { timeout: 20_000 })
    .toBeGreaterThan(2);
};

describe('a plan that is pushed', () => {
  it('is fetched, tried and confirmed during load, and nothing is lost or done twice', async () => {
    const made = await u.make();
    await u.f.consumer({ plan: 'plan.json' });
    await u.f.consumer({ plan: made.path });
    const agent = await agentOf();
    await agent.says('connected');
    const pushed = await u.push(made, '--wait', '30s', '--json');
    expect(pushed.code, pushed.err + agent.stderr()).toBe(0);
    expect(JSON.parse(pushed.out).devices).toEqual([{ device: 'cam-1', taken: 'confirmed', problem: null }]);
    const found = await expectAll();
    expect(new Set(found.map((line) => line.planId))).toEqual(new Set([u.first.planId, made.plan.planId]));
    expect(await agent.stop()).toBe(0);
    // One document, of the agent that ran last.
    expect(JSON.parse(agent.stdout())).toMatchObject({ planId: made.plan.planId, stopped: true });
    expect(await u.rollout()).toMatchObject({ current: { planId: made.plan.planId }, previous: null, trial: null });
    expect(JSON.parse(await readFile(u.at('plan-state.json'), 'utf8'))).toMatchObject({ planId: made.plan.planId });
    // It is what runs from now on, and the same push is nothing new.
    const again = await agentOf();
    await again.says(runs(made));
    await again.says('connected');
    expect(await again.stop()).toBe(0);
    expect(again.stderr()).not.toMatch(/was pushed|on trial/);
  });

  it('goes back when nobody answers for it, says so, and is not tried again', async () => {
    await u.f.consumer({ plan: 'plan.json' });
    const agent = await agentOf();
    await agent.says('connected');
    const made = await u.make();
    const pushed = await u.push(made, '--wait', '30s', '--json');
    expect(pushed.code).toBe(1);
    expect(JSON.parse(pushed.out).devices).toEqual([
      { device: 'cam-1', taken: 'failed', problem: expect.stringContaining('no answer for 2 s while connected') },
    ]);
    await goesBack(agent);
    await expectAll();
    await u.push(made);
    await agent.says(/failed here at .* and is not tried again/);
    expect(await agent.stop()).toBe(0);
    expect(agent.stderr().match(/on trial/g)).toHaveLength(1);
    // Signed again it is another plan.
    const later = await u.make();
    await u.f.consumer({ plan: later.path });
    const next = await agentOf();
    await u.push(later);
    await next.says(`plan ${later.plan.planId} is confirmed`).catch(async () => {
      // All pictures may be answered by now.
      await writeFile(u.at('images', 'zz.png'), await readFile(u.at('images', '0000.png')));
    });
    expect(await next.stop()).toBe(0);
  });

  it('goes back from a head that never ends, and from one that the engine refuses', async () => {
    await u.f.consumer({ plan: 'plan.json' });
    const agent = await agentOf();
    await agent.says('connected');
    const broken = await u.withHead(Buffer.from('no network at all'));
    await u.push(broken);
    await agent.says(new RegExp(`plan ${broken.plan.planId} has failed: .*not a usable ONNX`));
    const slow = await u.withHead(slowHead());
    await u.f.consumer({ plan: slow.path });
    await u.push(slow);
    await agent.says(new RegExp(`plan ${slow.plan.planId} has failed: no answer`));
    await goesBack(agent);
    await expectAll();
    const { failed, current, newest } = await u.rollout();
    expect(failed.map((f) => f.planId)).toEqual([broken.plan.planId, slow.plan.planId]);
    expect([current, newest]).toEqual([null, slow.plan.serial]);
    // Going back opens no way for what was superseded.
    const between = await u.make({ serial: slow.plan.serial - 1 });
    await u.push(between);
    await agent.says(new RegExp(`${between.plan.planId} .* is older than`));
    expect(await agent.stop()).toBe(0);
  });

  it('goes back when its agent is killed again and again, and stays through a single time', async () => {
    const made = await u.make();
    const slowly = { updates: { folder: 'updates', from: u.server.url, trial: { ...trial, answers: 1000 } } };
    await u.f.consumer({ plan: 'plan.json' });
    const agent = await agentOf(slowly);
    await agent.says('connected');
    await u.push(made);
    const killed = new Set<number>();
    while (killed.size < 3) {
      await expect
        .poll(() => pidOf(agent, made) > 0 && !killed.has(pidOf(agent, made)), { timeout: 20_000 })
        .toBe(true);
      process.kill(pidOf(agent, made), 'SIGKILL');
      killed.add(pidOf(agent, made));
    }
    await agent.says(/was started 3 times and did not come through; the last time it ended with SIGKILL/);
    await goesBack(agent);
    await expectAll();
    expect(await agent.stop()).toBe(0);
  });
});

describe('what an agent goes back to', () => {
  it('is what ran before, else the plan of the configuration, whatever lies broken on the disk', async () => {
    const [second, third] = [await u.make(), await u.make()];
    for (const plan of ['plan.json', second.path, third.path]) await u.f.consumer({ plan });
    const agent = await agentOf({
      updates: { folder: 'updates', from: u.server.url, trial: { ...trial, answers: 1 } },
    });
    for (const made of [second, third]) {
      await u.push(made);
      await agent.says(`plan ${made.plan.planId} is confirmed`);
    }
    expect(await agent.stop()).toBe(0);
    const lies = (made: Made, file: string) => u.at('updates', 'plans', made.plan.planId, file);
    await writeFile(lies(third, 'head.onnx'), 'a disk that rots');
    const before = await agentOf();
    await before.says(`plan ${third.plan.planId} cannot run`);
    await before.says(runs(second));
    await before.says('connected');
    expect(await before.stop()).toBe(0);
    await rm(lies(second, 'plan.json'));
    const factory = await agentOf();
    await factory.says(runs({ plan: u.first }));
    await factory.says('connected');
    // It is fetched again when it is pushed again, and an older one is not taken.
    await u.push(await u.make({ serial: second.plan.serial }));
    await factory.says('is older than');
    await writeFile(u.at('images', 'one-more.png'), await readFile(u.at('images', '0000.png')));
    await u.push(third);
    await factory.says(new RegExp(`runs plan ${third.plan.planId}, on trial`));
    expect(await factory.stop()).toBe(0);
    // And with nothing left it says so, and by the exit code.
    await rm(join(u.at('updates'), 'updates.json'));
    await rm(u.at('head.onnx'));
    const nothing = await agentOf();
    expect(await nothing.ended).toBe(2);
    expect(nothing.stdout()).toContain('FILE_NOT_FOUND');
  });
});
