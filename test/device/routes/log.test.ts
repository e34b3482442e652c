import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runRoutesReplay } from '../../../src/cli/run-routes-replay.ts';
import { decide, type Position, startOn } from '../../../src/device/routes/choose.ts';
import { RoutesLog, readRoutesLog } from '../../../src/device/routes/log.ts';
import { replay } from '../../../src/device/routes/replay.ts';
import { moveSchema } from '../../../src/device/routes/settings.ts';
import type { Telemetry } from '../../../src/device/routes/telemetry.ts';
import { choiceOf } from '../../../src/device/routes/terms.ts';
import type { Plan } from '../../../src/plan/index.ts';
import { named, samplePlan } from '../../plan/sample.ts';
import { unseen } from './unseen.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'cutline-routes-'))));
afterAll(() => rm(folder, { recursive: true }));

const own = named(samplePlan());
const costs = (head: number, network: number, wireBytes: number): Plan['predicted'] => ({
  ...own.predicted,
  latencyMs: { total: head + network, head, encode: 0, network, tail: 0 },
  wireBytes,
});
const much = { ...own, predicted: costs(1, 22, 40_000) };
const little = named({
  ...own,
  codec: 'uint8',
  predicted: costs(40, 4, 4000),
});
const plan = named({ ...much, safeSet: [little] as NonNullable<Plan['safeSet']> });
const settings = moveSchema.parse({});
const online: Telemetry = { ...unseen, isOnline: true, link: { rttMs: 2, msPerKb: 0.5 } };

/** What an agent would write that sees bandwidth fall and return so many times. */
async function recorded(path: string, times: number, maxBytes = 1e6) {
  const file = await RoutesLog.open({ path, maxBytes, planId: plan.planId, settings, log: () => {} });
  let position: Position = startOn(plan.planId, 1e12);
  let moves = 0;
  for (let i = 0; i < times * 80; i++) {
    const msPerKb = i % 80 < 40 ? 0.5 + (i % 3) / 100 : 6;
    const look = {
      atMs: 1e12 + 250 * i,
      telemetry: { ...online, link: { rttMs: 2, msPerKb } },
      failed: {},
      answered: [],
    };
    const { position: after, move } = decide(position, look, choiceOf(plan), settings);
    file.tell(position, look, move);
    if (move) moves++;
    position = after;
  }
  await file.close();
  return moves;
}

describe('a recording of moves', () => {
  it('is decided again to the same moves, also where the end was torn', async () => {
    const path = join(folder, 'moves.jsonl');
    const moves = await recorded(path, 3);
    expect(moves).toBeGreaterThan(3);
    await appendFile(path, '{"kind":"look","atMs":17');
    const again = replay(await readRoutesLog(path), plan);
    expect(again.decided).toHaveLength(moves);
    expect(again.decided).toEqual(again.recorded);
    await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
    const told = await runRoutesReplay(path, join(folder, 'plan.json'));
    expect(told.moves[0]).toMatchObject({ fromRoute: 'ReLU2, none, float32', toRoute: 'ReLU2, none, uint8' });
  });

  it('begins anew when it is full, from where it was, and keeps the last one', async () => {
    const path = join(folder, 'full.jsonl');
    await recorded(path, 12, 100_000);
    for (const file of [path, `${path}.1`]) {
      expect((await stat(file)).size).toBeLessThan(101_000);
      const { decided, recorded: before } = replay(await readRoutesLog(file), plan);
      expect(decided).toEqual(before);
    }
  });

  it('is refused where it is none, of another plan, or was changed', async () => {
    const path = join(folder, 'changed.jsonl');
    await recorded(path, 1);
    const planPath = join(folder, 'plan.json');
    await writeFile(planPath, JSON.stringify(plan));
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    const refused = async (text: string, code: string, at = planPath) => {
      await writeFile(path, text);
      await expect(runRoutesReplay(path, at)).rejects.toMatchObject({ code });
    };
    await refused('', 'ROUTES_LOG_INVALID');
    await refused('no line\n', 'ROUTES_LOG_INVALID');
    await refused(`${lines.slice(1).join('\n')}\n`, 'ROUTES_LOG_INVALID');
    await refused(`${lines[0]!.replace('"kind":"start"', '"kind":"other"')}\n`, 'ROUTES_LOG_INVALID');
    await refused(`${lines.filter((line) => !line.includes('"kind":"move"')).join('\n')}\n`, 'ROUTES_DIFFER');
    await refused(`${lines.join('\n').replaceAll('"msPerKb":6', '"msPerKb":1')}\n`, 'ROUTES_DIFFER');
    const other = join(folder, 'other.json');
    await writeFile(other, JSON.stringify(own));
    await refused(`${lines.join('\n')}\n`, 'ROUTES_LOG_OTHER_PLAN', other);
    await expect(
      RoutesLog.open({ path: folder, maxBytes: 1e6, planId: 'p', settings, log: () => {} }),
    ).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
    });
  });
});
