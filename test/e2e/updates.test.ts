/** Plans that are pushed to a running agent: tried in a process of their own, confirmed or rolled back, and nothing is lost. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runPlanStatus } from '../../src/cli/run-plan-status.ts';
import { encodeModel, modelSha256 } from '../../src/model/index.ts';
import type { Plan } from '../../src/plan/index.ts';
import { named } from '../plan/sample.ts';
import { cutline, type Running } from './support/processes.ts';
import { type Made, slowHead, trial, type Updating, updating } from './support/updating.ts';

let u: Updating;
let feeding: AbortController;
let fed: Promise<string[]>;
beforeEach(async () => {
  u = await updating({ images: 1 });
  feeding = new AbortController();
  fed = feed(feeding.signal);
});
afterEach(async () => {
  feeding?.abort();
  await fed;
  await u?.end();
});

/** A picture every so often, as long as the test goes on. */
async function feed(end: AbortSignal): Promise<string[]> {
  const bytes = await readFile(u.at('images', '0000.png'));
  const names = ['0000.png'];
  for (let i = 1; !end.aborted; i++) {
    const name = `${String(i).padStart(4, '0')}.png`;
    await writeFile(u.at('images', name), bytes);
    names.push(name);
    await sleep(60);
  }
  return names;
}

const watch = { images: [], source: { type: 'watch', folder: 'images', settleMs: 40, pollMs: 50 } };
const agentOf = (settings: Record<string, unknown> = {}) =>
  u.agent({ ...watch, ...settings }, '--results', u.at('results.jsonl'));
const withTrial = (changed: object) => ({
  updates: { folder: 'updates', from: u.server.url, hangS: 4, trial: { ...trial, ...changed } },
});
const quick = () => withTrial({ answers: 1 });

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
/** Every picture there was has one answer. */
async function expectAll(): Promise<Line[]> {
  feeding.abort();
  const names = await fed;
  await expect.poll(async () => (await answers()).length, { timeout: 30_000 }).toBeGreaterThanOrEqual(names.length);
  const found = await answers();
  expect(found.map((line) => line.image.replace(/.*\//, '')).sort()).toEqual(names);
  return found;
}
const pidOf = (agent: Running, made: Made): number =>
  Number([...agent.stderr().matchAll(new RegExp(`agent (\\d+) runs plan ${made.plan.planId}`, 'g'))].at(-1)?.[1]);
const runs = (made: Pick<Made, 'plan'>) => new RegExp(`runs plan ${made.plan.planId}`);
const confirms = ({ plan }: Made) => `plan ${plan.planId} is confirmed`;

describe('a plan that is pushed', () => {
  it('is fetched, tried and confirmed during load, and nothing is lost or done twice', async () => {
    const made = await u.make();
    await u.serve('first', made);
    const agent = await agentOf();
    await agent.says('connected');
    const config = u.at('operator.yaml');
    const args = ['--config', config, '--device', 'cam-1', '--wait', '40s', '--json'];
    const pushed = cutline('plan', 'push', made.path, ...args);
    expect(await pushed.ended, pushed.stderr() + agent.stderr()).toBe(0);
    expect(JSON.parse(pushed.stdout()).devices).toEqual([{ device: 'cam-1', taken: 'confirmed', problem: null }]);
    const found = await expectAll();
    expect(new Set(found.map((line) => line.planId))).toEqual(new Set([u.first.planId, made.plan.planId]));
    const status = cutline('plan', 'status', '--config', config, '--json');
    expect(await status.ended).toBe(0);
    const [device] = JSON.parse(status.stdout()).devices;
    expect(device).toMatchObject({ status: 'online', planId: made.plan.planId, update: { standing: 'current' } });
    expect(await agent.stop()).toBe(0);
    // One document, of the agent that ran last.
    expect(JSON.parse(agent.stdout())).toMatchObject({ planId: made.plan.planId, stopped: true });
    expect(await u.rollout()).toMatchObject({ current: { planId: made.plan.planId }, previous: null, trial: null });
    expect(JSON.parse(await readFile(u.at('plan-state.json'), 'utf8'))).toMatchObject({ planId: made.plan.planId });
    // It is what runs from now on, and the same push is nothing new.
    const again = await agentOf();
    await again.says(runs(made));
    await again.says('connected');
    await sleep(300);
    expect(await again.stop()).toBe(0);
    expect(again.stderr()).not.toMatch(/was pushed|on trial/);
  });

  it('brings the heads of all its routes', async () => {
    const { answer: _, ...rest } = u.d.plan;
    const bytes = Buffer.from(encodeModel(u.d.whole));
    const head = { file: 'whole.onnx', sha256: modelSha256(bytes), bytes: bytes.length };
    const [logits] = u.d.whole.outputs;
    const cut = { id: 'output', tensors: [{ name: logits!.name, dtype: 'float32', shape: [1, 10] }] };
    const alone = named({ ...rest, cut, evidence: [], head, tail: null });
    u.server.files.set(`${head.sha256}.onnx`, bytes);
    const made = await u.make({ safeSet: [alone] as NonNullable<Plan['safeSet']> });
    await u.serve('first', made);
    const agent = await agentOf(quick());
    await agent.says('connected');
    await u.push(made);
    await agent.says(confirms(made));
    await expectAll();
    expect(await agent.stop()).toBe(0);
    const folder = u.at('updates', 'plans', made.plan.planId);
    expect((await readdir(folder)).sort()).toEqual(['head.onnx', 'plan.json', 'whole.onnx']);
    expect(modelSha256(await readFile(join(folder, 'whole.onnx')))).toBe(head.sha256);
  });

  it('goes back when nobody answers for it, says so, and is tried again only when it is signed again', async () => {
    const later = await u.make({ serial: 500 });
    await u.serve('first', later);
    const agent = await agentOf(withTrial({ silentS: 1 }));
    await agent.says('connected');
    const made = await u.make();
    const { devices } = await u.push(made, '40s');
    const problem = expect.stringContaining('no answer for 1 s while connected');
    expect(devices).toEqual([{ device: 'cam-1', taken: 'failed', problem }]);
    await u.push(made);
    await agent.says(/failed here at .* and is not tried again/);
    expect(agent.stderr().match(/on trial/g)).toHaveLength(1);
    await u.push(later);
    await agent.says(confirms(later));
    await expectAll();
    expect(await agent.stop()).toBe(0);
  });

  it('goes back from a head that the engine refuses, and from one that never ends', async () => {
    const slow = await u.withHead(slowHead(), { serial: 300 });
    await u.serve('first', slow);
    const agent = await agentOf(withTrial({ silentS: 1 }));
    await agent.says('connected');
    const broken = await u.withHead(Buffer.from('no network at all'));
    await u.push(broken);
    await agent.says(new RegExp(`plan ${broken.plan.planId} has failed: .*it is no ONNX model`));
    await u.push(slow);
    await agent.says(new RegExp(`plan ${slow.plan.planId} has failed: (no answer|it gave no sign of life)`));
    await expectAll();
    const { failed, current, newest } = await u.rollout();
    expect(failed.map((f) => f.planId)).toEqual([broken.plan.planId, slow.plan.planId]);
    expect([current, newest?.planId]).toEqual([null, slow.plan.planId]);
    // Going back opens no way for what was superseded.
    const between = await u.make({ serial: slow.plan.serial - 1 });
    await u.push(between);
    await agent.says(new RegExp(`${between.plan.planId} .* is older than`));
    expect(await agent.stop()).toBe(0);
  });

  it('goes back when its agent dies again and again', async () => {
    const made = await u.make();
    await u.serve('first', made);
    const agent = await agentOf(withTrial({ answers: 100_000 }));
    await agent.says('connected');
    await u.push(made);
    const killed = new Set<number>();
    while (killed.size < 3) {
      const isNew = () => pidOf(agent, made) > 0 && !killed.has(pidOf(agent, made));
      await expect.poll(isNew, { timeout: 30_000, interval: 20 }).toBe(true);
      killed.add(pidOf(agent, made));
      process.kill(pidOf(agent, made), 'SIGKILL');
    }
    await agent.says(/was started 3 times and did not come through; the last time it ended with SIGKILL/);
    await expectAll();
    expect(await agent.stop()).toBe(0);
  });

  it('waits until the outbox is empty: what lies in it is of the plan before', async () => {
    const made = await u.make();
    const outbox = { path: 'outbox' };
    const updates = { ...withTrial({}).updates, drainS: 0.5 };
    const agent = await agentOf({ outbox, updates });
    await agent.says('connected');
    await u.push(made);
    await agent.says('the new plan waits, too');
    expect(agent.stderr()).not.toContain('on trial');
    await u.serve('first', made);
    await agent.says(confirms(made));
    await expectAll();
    expect(await agent.stop()).toBe(0);
    expect(JSON.parse(agent.stdout()).outbox).toMatchObject({ waiting: 0, droppedOfOtherPlans: 0 });
  });
});

describe('a plan that sends nothing', () => {
  it('is taken and left as others are, and the device’s state is told without its agent', async () => {
    const whole = Buffer.from(encodeModel(u.d.whole));
    const tensors = [{ name: 'logits', dtype: 'float32' as const, shape: [1, 10] }];
    const local = await u.withHead(whole, {
      cut: { id: 'output', tensors },
      tail: null,
      answer: undefined,
      evidence: [],
    });
    const back = await u.make();
    await u.serve('first', back);
    const agent = await agentOf(quick());
    await agent.says('connected');
    for (const made of [local, back]) {
      const { devices } = await u.push(made, '40s');
      expect(devices, agent.stderr()).toEqual([{ device: 'cam-1', taken: 'confirmed', problem: null }]);
    }
    await expectAll();
    expect(await agent.stop()).toBe(0);
  });
});

describe('what an agent goes back to', () => {
  it('is what ran before, else the plan of the configuration, whatever lies broken on the disk', async () => {
    const [second, third] = [await u.make(), await u.make()];
    await u.serve('first', second, third);
    const agent = await agentOf(quick());
    for (const made of [second, third]) {
      await u.push(made);
      await agent.says(confirms(made));
    }
    expect(await agent.stop()).toBe(0);
    // Else what lies broken would be fetched again.
    await u.push('clear');
    const lies = (made: Made, file: string) => u.at('updates', 'plans', made.plan.planId, file);
    await writeFile(lies(third, 'head.onnx'), 'a disk that rots');
    const before = await agentOf();
    await before.says(`plan ${third.plan.planId} cannot run`);
    await before.says(runs(second));
    await before.says('connected');
    const { devices } = await runPlanStatus(u.at('operator.yaml'));
    const broken = expect.stringContaining('The head here is not the one of the plan');
    expect(devices).toMatchObject([{ planId: second.plan.planId, update: { standing: 'fallback', broken } }]);
    expect(await before.stop()).toBe(0);
    await rm(lies(second, 'plan.json'));
    const factory = await agentOf(quick());
    await factory.says(runs({ plan: u.first }));
    await factory.says('connected');
    // It is mended when it is pushed again, and an older one is not taken.
    await u.push(await u.make({ serial: second.plan.serial }));
    await factory.says('is older than');
    await u.push(third);
    await factory.says(confirms(third));
    await expectAll();
    expect(await factory.stop()).toBe(0);
    expect(await u.rollout()).toMatchObject({ current: { planId: third.plan.planId } });
    // With nothing left it waits for a push, for a while.
    await u.push('clear');
    await rm(u.at('updates', 'plans'), { recursive: true });
    await rm(u.at('head.onnx'));
    const rescued = await agentOf(quick());
    await rescued.says('Waiting for one');
    await u.push(third);
    await rescued.says(new RegExp(`runs plan ${third.plan.planId}, on trial`));
    expect(await rescued.stop()).toBe(0);
    // Where none was ever pushed, it ends as any agent does.
    for (const file of ['updates/updates.json', 'plan-state.json']) await rm(u.at(file));
    const nothing = await agentOf();
    expect(await nothing.ended).toBe(2);
    expect(JSON.parse(nothing.stdout())).toMatchObject({ format: 'cutline.error/1', code: 'FILE_NOT_FOUND' });
  });
});
