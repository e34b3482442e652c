/** kill -9 of supervisor and agent at any moment of a roll-out: what runs in the end is a good plan, and nothing is lost or done twice. */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createRandom } from '../../src/random.ts';
import type { Running } from './support/processes.ts';
import { trial, updating } from './support/updating.ts';

const ROUNDS = 6;

it('a roll-out survives kills of its processes at any moment', { timeout: 180_000 }, async () => {
  const u = await updating({ images: 1 });
  let isOver = false;
  let feeding: Promise<void> | undefined;
  try {
    const good = await u.make();
    const bad = await u.withHead(Buffer.from('no network'), { serial: 200 });
    const other = await u.make({ serial: 300 });
    // The others may have been given up by then: what was killed three times on trial is not tried again.
    const last = await u.make({ serial: 400 });
    await u.serve('first', good, other, last);
    const settings = {
      images: [],
      source: { type: 'watch', folder: 'images', settleMs: 40, pollMs: 50 },
      // A busy machine may stand still for longer than other tests wait, and what was silent is not tried again.
      updates: { folder: 'updates', from: u.server.url, trial: { ...trial, answers: 3, silentS: 15 } },
    };
    let pictures = 0;
    const picture = await readFile(u.at('images', '0000.png'));
    feeding = (async () => {
      while (!isOver) {
        await writeFile(u.at('images', `more-${String(pictures++).padStart(4, '0')}.png`), picture);
        await sleep(80);
      }
    })();
    const random = createRandom(5);
    const start = () => u.agent(settings, '--results', u.at('results.jsonl'));
    const pidOf = (agent: Running) => Number([...agent.stderr().matchAll(/agent (\d+) runs plan/g)].at(-1)?.[1]);
    for (let round = 0; round < ROUNDS; round++) {
      await u.push([good, bad, other][Math.floor((3 * round) / ROUNDS)]!);
      const agent = await start();
      await sleep(random.int(1800));
      const victim = random.int(2) === 0 ? agent.child.pid! : pidOf(agent);
      if (victim > 0) process.kill(victim, 'SIGKILL');
      // Whoever is left: as a service's main process that died.
      await Promise.race([agent.ended, sleep(random.int(800))]);
      agent.child.kill('SIGKILL');
    }
    await u.push(last);
    const agent = await start();
    await expect.poll(async () => (await u.rollout()).current?.planId, { timeout: 40_000 }).toBe(last.plan.planId);
    isOver = true;
    await feeding;
    const answered = async () => {
      const lines = (await readFile(u.at('results.jsonl'), 'utf8')).split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line)).filter((line) => !line.error);
    };
    await expect.poll(async () => (await answered()).length, { timeout: 30_000 }).toBeGreaterThanOrEqual(pictures + 1);
    const images = (await answered()).map((line) => line.image);
    expect([images.length, new Set(images).size]).toEqual([pictures + 1, pictures + 1]);
    expect(await agent.stop()).toBe(0);
  } finally {
    isOver = true;
    await feeding;
    await u.end();
  }
});
