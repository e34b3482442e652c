/** An agent with a safe set on a network that changes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.ts';
import { asFloat32 } from '../../src/model/index.ts';
import { argMax } from '../../src/numeric/index.ts';
import { startProxy } from '../support/proxy.ts';
import { fleet, summaryOf } from './support/fleet.ts';
import { cutline, mosquittoMissing } from './support/processes.ts';
import { deployRoutes, type Routes } from './support/routes.ts';

const IMAGES = 1500;
/** So far that it is clear on a machine that has other work, where heads take three times as long. */
const FALL = Number(process.env.ROUTES_FALL ?? 40);
let routes: Routes;
let right: number[];
beforeAll(async () => {
  routes = await deployRoutes(IMAGES);
  const engine = await createEngine({ threads: 1 });
  const session = await engine.load(routes.deployment.whole);
  right = [];
  for (const input of routes.deployment.inputs) {
    const [logits] = Object.values(await session.run({ input }));
    right.push(argMax(asFloat32(logits!)));
  }
  await engine.close();
});
afterAll(() => routes?.deployment.remove());

interface Line {
  readonly index: number;
  readonly top1: number;
  readonly planId: string;
  readonly error?: object;
}
/** Every picture once, in whatever order, none failed, each answered as the whole network does. */
async function answersOf(path: string): Promise<readonly Line[]> {
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  const answers = lines.map((line) => JSON.parse(line) as Line).sort((a, b) => a.index - b.index);
  expect(answers.map((a) => a.index)).toEqual(answers.map((_, i) => i));
  expect(answers.filter((a) => a.error)).toEqual([]);
  expect(answers.map((a) => a.top1)).toEqual(right.slice(0, answers.length));
  return answers;
}

it.skipIf(mosquittoMissing())(
  'takes the route that sends little when bandwidth falls, and goes back when it returns',
  async () => {
    const { deployment, plans } = routes;
    const f = await fleet('mosquitto', deployment);
    await f.broker();
    const proxy = await startProxy(Number(new URL(f.url).port));
    try {
      proxy.latencyMs = 1;
      proxy.bytesPerS = 2e6;
      await f.consumer();
      const results = join(deployment.folder, 'bandwidth.jsonl');
      const log = join(deployment.folder, 'moves.jsonl');
      const settings = {
        broker: { url: `mqtt://127.0.0.1:${proxy.port}` },
        inFlight: 2,
        routes: { log: 'moves.jsonl' },
      };
      const agent = await f.agent(settings, '--results', results);
      await agent.says('connected');
      await sleep(3000);
      const took = async (change: () => void, text: RegExp) => {
        const startMs = performance.now();
        change();
        await agent.says(text);
        return performance.now() - startMs;
      };
      const fellMs = await took(() => (proxy.bytesPerS = 2e6 / FALL), /moved to ReLU2, none, float32 from/);
      await sleep(3000);
      const returnedMs = await took(() => (proxy.bytesPerS = 2e6), /moved to ReLU1, none, float32 from/);
      await sleep(1000);
      expect(await agent.stop()).toBe(0);
      console.info(`bandwidth fell: ${Math.round(fellMs)} ms, returned: ${Math.round(returnedMs)} ms`);
      const summary = summaryOf(agent);
      expect(summary.routes!.moves).toBeLessThanOrEqual(4);
      const answers = await answersOf(results);
      expect(answers).toHaveLength(summary.inferences.total);
      for (const plan of plans.slice(0, 2)) expect(answers.map((a) => a.planId)).toContain(plan.planId);
      const replay = cutline('routes', 'replay', log, '--plan', deployment.planPath, '--json');
      expect(`${await replay.ended}${replay.stdout()}`).toMatch(/^0/);
      expect(JSON.parse(replay.stdout()).moves).toHaveLength(summary.routes!.moves);
    } finally {
      await f.end();
      await proxy.close();
    }
  },
);

it('goes on answering without a broker by the route that needs none, and comes back', async () => {
  const { deployment, plans } = routes;
  const f = await fleet('aedes', deployment);
  try {
    const broker = await f.broker();
    await f.consumer();
    const results = join(deployment.folder, 'offline.jsonl');
    const agent = await f.agent({ inFlight: 2, expiryMs: 4000 }, '--results', results);
    await agent.says('connected');
    await sleep(1000);
    await broker.stop('SIGKILL');
    await agent.says(/moved to all on the device.*there is no broker/);
    // Longer than anything waits for an answer.
    await sleep(5000);
    await f.broker();
    await agent.says(/moved to ReLU. *.*from all on the device/);
    await sleep(1000);
    expect(await agent.stop()).toBe(0);
    const summary = summaryOf(agent);
    expect(summary.inferences.failed).toBe(0);
    const answers = await answersOf(results);
    expect(answers).toHaveLength(summary.inferences.total);
    const of = (i: number) => answers.filter((a) => a.planId === plans[i]!.planId).length;
    expect(of(2)).toBeGreaterThan(3);
    expect(of(0) + of(1)).toBeGreaterThan(10);
    expect(summary.routes!.moves).toBeLessThanOrEqual(4);
  } finally {
    await f.end();
  }
});
