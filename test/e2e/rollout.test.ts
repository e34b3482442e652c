/** Two plans in one fleet, rolled out and back during load: nobody answers for another's plan, and nothing is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { named } from '../plan/sample.ts';
import { type Deployment, deploy } from './support/deployment.ts';
import { type BrokerKind, fleet, summaryOf } from './support/fleet.ts';
import { mosquittoMissing } from './support/processes.ts';

const IMAGES = 120;
let deployment: Deployment;
beforeAll(async () => {
  deployment = await deploy({ images: IMAGES });
  await deployment.config('next.json', named({ ...deployment.plan, serial: 2 }));
});
afterAll(() => deployment?.remove());

const missing = mosquittoMissing();
describe.each<{ kind: BrokerKind }>([{ kind: 'aedes' }, { kind: 'mosquitto' }])('over $kind', ({ kind }) => {
  it('loses nothing when a plan is rolled out and back, and a consumer of each is killed', async (context) => {
    if (kind === 'mosquitto' && missing) context.skip(missing);
    const f = await fleet(kind, deployment);
    try {
      await f.broker();
      const [old, next] = ['plan.json', 'next.json'];
      const agent = async (device: string, plan: string, settings = {}) => {
        const started = await f.agent({ device, plan, inFlight: 4, timeoutMs: 300, ...settings });
        await started.says('connected');
        return started;
      };
      const first = await f.consumer({ plan: old });
      const stays = await agent('cam-1', old);
      // The new plan comes to its devices before anybody serves it.
      const early = await agent('cam-2', next, { images: Array(3).fill('images') });
      await early.says('nobody answers for plan');
      const second = await f.consumer({ plan: next });
      await early.says('is answered again');
      await second.stop('SIGKILL');
      await sleep(100);
      const third = await f.consumer({ plan: next });
      expect([await stays.ended, await early.ended]).toEqual([0, 0]);
      // And back, as the consumer of the old plan dies and comes again.
      const back = await agent('cam-2', old);
      await first.stop('SIGKILL');
      const fourth = await f.consumer({ plan: old });
      expect(await back.ended).toBe(0);
      for (const [a, times] of [
        [stays, 1],
        [early, 3],
        [back, 1],
      ] as const) {
        const total = times * IMAGES;
        expect(summaryOf(a).inferences).toEqual({ total, answered: total, failed: 0 });
      }
      for (const consumer of [third, fourth]) {
        await consumer.stop();
        expect(JSON.parse(consumer.stdout())).toMatchObject({ dropped: 0, failures: {} });
      }
    } finally {
      await f.end();
    }
  }, 60_000);
});
