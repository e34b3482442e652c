/** Which pushed plans a device takes, and how often it tries for one. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Arrivals } from '../../../src/device/updates/arrivals.ts';
import { PlansFolder } from '../../../src/device/updates/plans-folder.ts';
import { failed, type Known, staged } from '../../../src/device/updates/rollout.ts';
import { RolloutFile } from '../../../src/device/updates/rollout-file.ts';
import { updatesSchema } from '../../../src/device/updates/settings.ts';
import { type Plan, type PlanKey, pushOf, signPlan } from '../../../src/plan/index.ts';
import { type FilesServer, filesServer } from '../../e2e/support/files-server.ts';
import { newKey } from '../../e2e/support/keys.ts';
import { named, samplePlan } from '../../plan/sample.ts';
import { leastProtocol } from '../../support/evidence.ts';

const { key } = newKey();
const head = randomBytes(5000);
const sha256 = createHash('sha256').update(head).digest('hex');
let server: FilesServer;
let folder: string;
beforeEach(async () => {
  server = await filesServer();
  server.files.set(`${sha256}.onnx`, head);
  folder = await mkdtemp(join(tmpdir(), 'cutline-arrivals-'));
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const made = (changed: Partial<Plan> = {}, by: PlanKey = key) => {
  const { serial = 20, ...rest } = changed;
  return signPlan({ ...samplePlan(), head: { file: 'head.onnx', sha256, bytes: head.length }, ...rest }, by, {
    serial,
  });
};

async function device(settings: object = {}) {
  const rollout = await RolloutFile.open(folder, () => {});
  const said: string[] = [];
  const here: Known[] = [];
  const plans = new PlansFolder(folder);
  const updates = updatesSchema.parse({ folder, from: `${server.url}`, ...settings });
  const arrivals = new Arrivals({
    admittance: {
      updates,
      keys: [{ id: key.id, key: key.key }],
      protocol: leastProtocol,
      planState: 'plan-state.json',
      modelSha256: samplePlan().model.sha256,
      folder,
    },
    rollout,
    plans,
    token: 'secret',
    ca: undefined,
    isHere: () => false,
    onStaged: async (known) => void here.push(known),
    onNews: () => {},
    log: (line) => said.push(line),
  });
  const bytesOf = (plan: Plan, from?: string) => Buffer.from(JSON.stringify(pushOf(plan, from)));
  const push = (plan: Plan, from?: string, signal = new AbortController().signal) =>
    arrivals.receive(bytesOf(plan, from), signal);
  return { rollout, said, here, plans, arrivals, push, bytesOf };
}

describe('a plan that is pushed', () => {
  it('is fetched for its safe set also where its own route has no head', async () => {
    const { push, here, said, plans } = await device();
    const member = named({
      ...samplePlan(),
      codec: 'float16',
      head: { file: 'little.onnx', sha256, bytes: head.length },
    });
    const plan = made({ head: null, safeSet: [member] as NonNullable<Plan['safeSet']> });
    await push(plan);
    expect(said.filter((line) => line.includes('refused') || line.includes('given up'))).toEqual([]);
    expect(here).toEqual([{ planId: plan.planId, serial: 20 }]);
    expect(await readFile(join(plans.pathOf(plan.planId), '../little.onnx'))).toEqual(head);
  });

  it('lies here with its head when it was fetched', async () => {
    const d = await device();
    const plan = made();
    await d.push(plan);
    expect(d.here).toEqual([{ planId: plan.planId, serial: 20 }]);
    const at = join(folder, 'plans', plan.planId);
    expect(JSON.parse(await readFile(join(at, 'plan.json'), 'utf8'))).toEqual(plan);
    expect((await readFile(join(at, 'head.onnx'))).equals(head)).toBe(true);
    expect(server.requests).toEqual([{ path: `${sha256}.onnx`, range: undefined, token: 'Bearer secret' }]);
  });

  const stranger = newKey().key;
  const { signature: _, ...unsigned } = made();
  it.each<[string, Plan, string]>([
    ['by a stranger', made({}, stranger), 'PLAN_KEY_UNKNOWN'],
    ['unsigned', unsigned as Plan, 'PLAN_UNSIGNED'],
    ['altered', { ...made(), created: '2026-02-02T03:04:05.000Z' }, 'PLAN_ALTERED'],
    ['signed for something else', { ...made(), signature: made({ serial: 21 }).signature! }, 'PLAN_ALTERED'],
    ['with a stranger’s name on it', { ...made({}, { ...stranger, id: key.id }) }, 'PLAN_ALTERED'],
    ['ended', made({ expires: '2026-01-03T00:00:00.000Z' }), 'PLAN_EXPIRED'],
    ['older than what ran last', made({ serial: 9 }), 'PLAN_OLDER'],
    ['as old as another that ran last', made({ serial: 10 }), 'PLAN_OLDER'],
    ['for another model', made({ model: { sha256: 'd'.repeat(64) } }), 'PLAN_OTHER_MODEL'],
    ['without evidence', made({ evidence: [] }), 'PLAN_WITHOUT_EVIDENCE'],
    ['with a head too large', made({ head: { file: 'h', sha256, bytes: 2 ** 40 } }), 'UPDATE_TOO_LARGE'],
  ])('%s is refused before anything is fetched', async (_name, plan, code) => {
    const d = await device();
    const last = { format: 'cutline.plan-state/1', serial: 10, planId: 'e'.repeat(32) };
    await writeFile(join(folder, 'plan-state.json'), JSON.stringify(last));
    const push = { format: 'cutline.push/1', plan };
    await d.arrivals.receive(Buffer.from(JSON.stringify(push)), new AbortController().signal);
    expect([d.here, server.requests]).toEqual([[], []]);
    expect(d.arrivals.refused).toMatchObject({ outcome: 'refused', code });
    // Said once, however often it comes.
    await d.arrivals.receive(Buffer.from(JSON.stringify(push)), new AbortController().signal);
    expect(d.said).toHaveLength(1);
  });

  it.each([
    ['not JSON', Buffer.from('{')],
    ['another document', Buffer.from('{"format":"cutline.plan/1"}')],
    ['too large', Buffer.alloc(2 << 20, 32)],
    ['nothing', Buffer.from('null')],
  ])('that is %s is refused', async (_name, payload) => {
    const d = await device();
    await d.arrivals.receive(payload, new AbortController().signal);
    expect([d.here, d.said.length]).toEqual([[], 1]);
  });

  it('with escape sequences or keys without end in it leaves a short, plain line', async () => {
    const d = await device();
    const keys = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`\u001b[2J\n${i}${'x'.repeat(500)}`, 1]));
    const push = { format: 'cutline.push/1', plan: { ...made(), ...keys }, ...keys };
    await d.arrivals.receive(Buffer.from(JSON.stringify(push)), new AbortController().signal);
    expect(d.said).toEqual([expect.stringMatching(/unknown key/)]);
    expect(d.said[0]).not.toMatch(/\p{Cc}/u);
    expect(d.said[0]!.length).toBeLessThan(3000);
  });

  it('again when what was wrong with it is mended is not refused any more; refused again, it is so by now', async () => {
    const d = await device({ alsoFrom: [] });
    const plan = made();
    await d.push(plan, 'http://192.0.2.1/');
    const first = d.arrivals.refused!;
    await new Promise((done) => setTimeout(done, 600));
    await d.push(plan, 'http://192.0.2.1/');
    expect(Date.parse(d.arrivals.refused!.at)).toBeGreaterThan(Date.parse(first.at));
    server.misbehave = (_, response) => {
      expect(d.arrivals.refused).toBeUndefined();
      return void response.writeHead(503).end() === undefined;
    };
    const newer = new AbortController();
    setTimeout(() => newer.abort(), 300);
    await d.push(plan, undefined, newer.signal);
    expect([server.requests.length, d.arrivals.refused]).toEqual([1, undefined]);
  });

  it('that is older than one that failed is refused, and so is that one', async () => {
    const d = await device();
    const bad = made({ serial: 30 });
    const why = { code: 'UPDATE_TRIAL', problem: 'no answer', at: '2026-01-02T03:04:05.000Z' };
    await d.rollout.change((r) => failed(staged(r, bad), { planId: bad.planId, serial: 30 }, why));
    await d.push(bad);
    expect(d.said.at(-1)).toMatch(/failed here at .* and is not tried again: no answer/);
    await d.push(made({ serial: 29 }));
    expect(d.said.at(-1)).toMatch(/older/);
    await d.push(made({ serial: 31 }));
    expect(d.here).toMatchObject([{ serial: 31 }]);
  });

  it('that lay broken is fetched again, though it is the newest', async () => {
    const d = await device();
    const plan = made();
    await d.rollout.change((r) => ({ ...staged(r, plan), trial: null }));
    await d.push(plan);
    expect(d.here).toHaveLength(1);
  });

  it('is fetched from where the configuration lets it, and the token goes to the device’s own place alone', async () => {
    const other = await filesServer();
    other.files.set(`plans/${sha256}.onnx`, head);
    try {
      const d = await device({ alsoFrom: [`${other.url}plans`] });
      for (const from of [
        'http://192.0.2.1/',
        `${other.url}`,
        `${other.url}plansy/`,
        `${other.url}plans/%2e%2e/x/`,
        `${other.url}plans/../`,
        `${other.url}plans/?x=`,
        'file:///etc/',
        'nonsense',
      ]) {
        await d.push(made(), from);
        expect(d.said.at(-1), from).toMatch(/is not fetched from/);
      }
      expect([other.requests, server.requests, d.here]).toEqual([[], [], []]);
      await d.push(made(), `${other.url}plans/`);
      expect(other.requests).toEqual([{ path: `plans/${sha256}.onnx`, range: undefined, token: undefined }]);
      expect(d.here).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  it('whose head is another is given up after three tries, whoever pushes it again meanwhile', {
    timeout: 30_000,
  }, async () => {
    const d = await device();
    server.files.set(`${sha256}.onnx`, randomBytes(5000));
    const plan = made();
    for (let i = 0; i < 3; i++) {
      const newer = new AbortController();
      setTimeout(() => newer.abort(), 300);
      await d.push(plan, undefined, newer.signal);
    }
    expect(server.requests.length).toBeLessThanOrEqual(2);
    await d.push(plan);
    expect(server.requests).toHaveLength(3);
    expect(d.rollout.now.failed).toMatchObject([{ planId: plan.planId, code: 'PLAN_OTHER_FILE' }]);
    await d.push(plan);
    expect(server.requests).toHaveLength(3);
    expect(d.here).toEqual([]);
  });

  it('is tried for again while the server is away, for as long as is set', { timeout: 30_000 }, async () => {
    const d = await device({ fetchForS: 20 });
    server.misbehave = (_, response) => {
      const isAway = server.requests.length < 3;
      if (isAway) response.writeHead(503).end();
      return isAway;
    };
    await d.push(made());
    expect([server.requests.length, d.here.length]).toEqual([3, 1]);
    const away = await device({ fetchForS: 1 });
    server.misbehave = (_, response) => void response.writeHead(503).end() === undefined;
    const later = made({ serial: 21 });
    await away.push(later);
    expect(away.rollout.now.failed).toMatchObject([{ planId: later.planId, code: 'UPDATE_FETCH' }]);
  });
});

it('of a server that drips is given up when its time is over', { timeout: 20_000 }, async () => {
  const d = await device({ fetchForS: 1.5 });
  server.misbehave = (_, response) => {
    response.writeHead(200, { 'Content-Length': head.length });
    const drip = setInterval(() => response.write('x'), 100);
    response.once('close', () => clearInterval(drip));
    return true;
  };
  const plan = made();
  await d.push(plan);
  expect(d.rollout.now.failed).toMatchObject(
    [{ planId: plan.planId, code: 'UPDATE_FETCH', problem: /1.5 s/ }].map((f) => ({
      ...f,
      problem: expect.stringMatching(f.problem),
    })),
  );
});

describe('the settings', () => {
  it.each([
    [{ from: 'http://files.example/' }, /plainHttp/],
    [{ from: 'ftp://files.example/' }, /expected http/],
    [{ from: 'https://user:secret@files.example/' }, /without a password/],
    [{ from: 'https://files.example/plans/?a=b' }, /a query/],
    [{ alsoFrom: ['https://files.example/a%2fb/'] }, /encoded/],
    [{ tokenFile: 'token' }, /not given/],
    [{ alsoFrom: ['http://files.example/'] }, /plainHttp/],
    [{ trial: { answers: 0 } }, /Too small/],
  ])('%j is refused', (settings, problem) => {
    const { error } = updatesSchema.safeParse({ folder: 'updates', ...settings });
    expect(error?.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join()).toMatch(problem);
  });
});
