import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanAnswer } from '../../src/cli/plan-answer.ts';
import { type PlanArguments, runPlan } from '../../src/cli/run-plan.ts';
import { modelSha256, readModel } from '../../src/model/index.ts';
import { type Profile, readProfile } from '../../src/profile/index.ts';
import { hasBrowser, launchBrowser } from '../support/browser.ts';
import { confirmedBy, leastProtocol, met } from '../support/evidence.ts';

const isTried = hasBrowser('the page of a report is');

const model = resolve(import.meta.dirname, '../../models/lenet-fashion-mnist.onnx');
let dir: string;
let browser: Browser;
let page: Page;
let device: Profile;
let link: Profile;
const asked: string[] = [];
const complaints: string[] = [];
const at = (name: string) => join(dir, name);

/** Figures made up so that many cuts can win: deeper ones leak less, noise hides more, and one cut was never attacked. */
async function audit(): Promise<string> {
  const means = {
    conv1: 0.9,
    ReLU1: 0.85,
    pool1: 0.7,
    conv2: 0.6,
    ReLU2: 0.5,
    pool2: 0.4,
    fc1: 0.25,
    fc1act: 0.2,
    fc2: 0.1,
  };
  const entry = (cut: string, defense: string, mean: number) => ({
    cut,
    defense,
    codec: 'float32',
    threat: 'white-box',
    attack: 'rmle',
    ...met,
    ssim: { mean, low: mean - 0.05, high: mean + 0.05, worstDecile: mean + 0.1 },
    accuracy: 0.9,
  });
  const results = Object.entries(means).flatMap(([cut, mean]) => [
    entry(cut, 'none', mean),
    entry(cut, 'gauss(sd=0.5)', mean / 2),
  ]);
  return JSON.stringify({
    format: 'cutline.audit/1',
    model: { sha256: modelSha256(await readModel(model)) },
    results,
    leakage: results,
    confirmation: confirmedBy(results, results),
    data: { sha256: 'd'.repeat(64) },
    seed: 1,
  });
}

interface Numbers {
  readonly maxSsim?: number;
  readonly mbps?: number;
  readonly rttMs?: number;
  readonly deviceSpeed?: number;
  readonly rate?: number;
  readonly objective?: string;
  readonly weights?: string;
}

/** As someone would write the profiles who has such a link and device. */
async function planned({ mbps, rttMs, deviceSpeed, ...options }: Numbers, report?: string): Promise<PlanAnswer> {
  const line = link.link!;
  const { uplinkBps, downlinkBps } = line;
  const up = mbps === undefined ? uplinkBps.value : mbps * 1e6;
  const down = downlinkBps && { ...downlinkBps, value: (downlinkBps.value * up) / uplinkBps.value };
  const other = {
    ...line,
    uplinkBps: { ...uplinkBps, value: up },
    ...(down && { downlinkBps: down }),
    rttMs: { ...line.rttMs, value: rttMs ?? line.rttMs.value },
  };
  await writeFile(at('link.json'), JSON.stringify({ ...link, link: other }));
  await writeFile(at('device.json'), JSON.stringify(faster(device, deviceSpeed ?? 1)));
  const given = {
    ...{ model, device: at('device.json'), cloud: 'cloud-generic', link: at('link.json'), audit: at('audit.json') },
    ...{ protocol: at('least.yaml'), codecs: [], defenses: [], shapes: [], seed: 1, threads: 1, requireSplit: true },
    ...{ maxSsim: 0.3, objective: 'latency', report },
    ...options,
  } as unknown as PlanArguments;
  const answer = await runPlan(given, new AbortController().signal, () => {}, undefined);
  return answer as PlanAnswer;
}

function faster(profile: Profile, times: number): Profile {
  const { power, ...rest } = JSON.parse(JSON.stringify(profile), (_, part) => {
    if (typeof part?.value !== 'number') return part;
    const by = part.unit.startsWith('ms') ? 1 / times : part.unit.endsWith('/s') ? times : 1;
    return { ...part, value: part.value * by };
  });
  return { ...rest, power: profile.power ?? power };
}

const choiceOf = ({ document: { chosen } }: PlanAnswer) =>
  chosen ? JSON.stringify([chosen.cut, chosen.defense, chosen.codec]) : 'none';

const drawn = () => page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');

async function turn({ maxSsim, mbps, rttMs, deviceSpeed, rate, objective, weights }: Numbers): Promise<string | null> {
  await page.getByRole('button', { name: 'As it was planned' }).click();
  const type = async (id: string, value: number | undefined) => {
    if (value !== undefined) await page.fill(`#${id}-typed`, String(value));
  };
  if (objective) await page.selectOption('#objective', objective);
  await type('max-ssim', maxSsim);
  await type('bandwidth', mbps);
  await type('round-trip', rttMs);
  await type('device-speed', deviceSpeed);
  await type('rate', rate);
  for (const own of weights?.split(',') ?? []) {
    const [name, value] = own.split('=');
    await type(`weight-${name}`, Number(value));
  }
  await drawn();
  return page.getAttribute('#again', 'data-choice');
}

describe.skipIf(!isTried)('the page of a plan', () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cutline-page-'));
    await writeFile(at('audit.json'), await audit());
    await writeFile(at('least.yaml'), JSON.stringify(leastProtocol));
    [device, link] = [await readProfile('raspberry-pi-zero-2-w'), await readProfile('link-wifi')];
    await planned({}, at('report.html'));
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`file://${at('report.html')}`);
  });
  afterAll(async () => {
    await browser?.close();
    if (dir) await rm(dir, { recursive: true });
  });

  it('chooses what the command chooses for the same numbers', async () => {
    const cases: Numbers[] = [
      {},
      { maxSsim: 0.6, deviceSpeed: 0.01, rttMs: 1 },
      { maxSsim: 0.15 },
      { maxSsim: 0.02 },
      { mbps: 0.05 },
      { deviceSpeed: 0.003, mbps: 200, rttMs: 0.5, maxSsim: 0.95 },
      { rate: 400 },
      { rate: 1, deviceSpeed: 0.01, maxSsim: 0.8 },
      { objective: 'energy', deviceSpeed: 0.01, mbps: 100, rttMs: 0.5, maxSsim: 0.5 },
      { objective: 'bytes', maxSsim: 0.6 },
      { objective: 'p95' },
      { objective: 'weights', weights: 'latency=0,cloud=2', rttMs: 1, maxSsim: 0.5 },
    ];
    const chosen = new Set<string>();
    for (const numbers of cases) {
      const own = choiceOf(await planned(numbers));
      expect([numbers, await turn(numbers)]).toEqual([numbers, own]);
      chosen.add(own);
    }
    // Otherwise nothing would have been shown.
    expect(chosen.size).toBeGreaterThan(5);
  });

  it('goes by its sliders, with the mouse and with keys alone', async () => {
    await turn({ deviceSpeed: 0.01, rttMs: 1 });
    for (const place of ['15', '55', '97']) {
      await page.fill('#max-ssim', place);
      await page.fill('#bandwidth', String(60 + Number(place)));
      await page.focus('#round-trip');
      for (let i = 0; i < 7; i++) await page.keyboard.press('ArrowRight');
      await drawn();
      const typed = async (id: string) => Number(await page.inputValue(`#${id}-typed`));
      const [maxSsim, mbps, rttMs] = [await typed('max-ssim'), await typed('bandwidth'), await typed('round-trip')];
      expect(maxSsim).toBe(Number(place) / 100);
      const own = await planned({ maxSsim, mbps, rttMs, deviceSpeed: 0.01 });
      expect(await page.getAttribute('#again', 'data-choice')).toBe(choiceOf(own));
    }
  });

  it('says the choice to those who do not see it, once a slider rests', async () => {
    await turn({ maxSsim: 0.15, deviceSpeed: 0.01, rttMs: 1 });
    const own = (await planned({ maxSsim: 0.15, deviceSpeed: 0.01, rttMs: 1 })).document.chosen;
    await expect
      .poll(() => page.getByRole('status').textContent())
      .toContain(`cut ${own!.cut}, defense ${own!.defense}`);
    for (const slider of await page.getByRole('slider').all()) {
      expect(await slider.getAttribute('aria-valuetext')).toMatch(/\d|none/);
    }
    // Every dial has a name.
    expect(await page.getByRole('slider', { name: 'Bandwidth upwards' }).count()).toBe(1);
    expect(await page.getByRole('combobox', { name: /take the least/ }).count()).toBe(1);
  });

  it('tells of the cut that is pointed at or has the focus', async () => {
    await turn({});
    const region = page.getByRole('region', { name: 'The cut that is pointed at' });
    await page.hover('button.cut[data-cut=conv1]');
    expect(await region.textContent()).toMatch(/Cut conv1.*rmle.*at most 0\.3 is allowed/);
    await page.focus('button.cut[data-cut=conv1]');
    await page.keyboard.press('ArrowDown');
    expect(await region.textContent()).toContain('Cut ReLU1');
    await page.keyboard.press('End');
    expect(await region.textContent()).toContain('Nothing leaves the device');
  });

  it('says what it cannot read, and plans on with the last number that it could', async () => {
    const before = await turn({ maxSsim: 0.6 });
    await page.fill('#max-ssim-typed', '7');
    await drawn();
    expect(await page.getAttribute('#max-ssim-typed', 'aria-invalid')).toBe('true');
    expect(await page.getAttribute('#again', 'data-choice')).toBe(before);
    await turn({ objective: 'weights', weights: 'latency=0' });
    expect(await page.textContent('#choice')).toContain('--weights that are all 0');
  });

  it('fits narrow and wide windows, light and dark, and asks nobody for anything', async () => {
    await turn({ rate: 5 });
    for (const width of [320, 375, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      const [inside, own] = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
      expect([width, inside]).toEqual([width, own]);
    }
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await ground()).not.toBe(light);
    expect(asked.filter((url) => !url.startsWith('file:') && !url.startsWith('data:'))).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
