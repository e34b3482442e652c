/** A fleet of real processes as a person sees it: broker, consumer, agents, and the dashboard in a browser. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentHealthSchema, consumerHealthSchema } from '../../src/ops/index.ts';
import { hasBrowser, launchBrowser } from '../support/browser.ts';
import { type Deployment, deploy } from './support/deployment.ts';
import { type Fleet, fleet } from './support/fleet.ts';
import { cutline, mosquittoMissing, type Running } from './support/processes.ts';

const missing = mosquittoMissing();
if (missing) console.warn(`SKIPPED: the dashboard is tried on the embedded broker alone: ${missing}.`);
const isTried = hasBrowser('the dashboard of a running fleet is');
const token = 'a-token-that-nobody-guesses';
let d: Deployment;
let f: Fleet;
let broker: Running;
let agents: Running[];
let dashboard: Running;
let url: string;
let stranger: MqttClient;
let browser: Browser | undefined;

const fleetNow = async () =>
  (await (await fetch(`${url}/fleet.json`, { headers: { Authorization: `Bearer ${token}` } })).json()) as {
    devices: { name: string; state: string; health: object | null }[];
    consumers: { name: string; health: object }[];
    brokerLostAt: number | null;
    refused: Record<string, number>;
    leftOut: { devices: number };
  };

/** The most memory a process has had, by the kernel's count. */
async function peakMb({ child }: Running): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1000;
}

describe('a dashboard', { timeout: 30_000 }, () => {
  beforeAll(async () => {
    d = await deploy({ images: 3 });
    f = await fleet(missing ? 'aedes' : 'mosquitto', d);
    broker = await f.broker();
    await f.consumer({ healthS: 1 });
    await writeFile(join(d.folder, 'token'), `${token}\n`, { mode: 0o600 });
    const http = { port: 0, tokenFile: 'token' };
    const settings = { broker: { url: f.url }, fleet: 'yard', plans: ['plan.json'], maxDevices: 50, http };
    dashboard = cutline('dashboard', '--config', await d.config('dashboard.yaml', settings), '--json');
    const source = { type: 'watch', folder: 'images', settleMs: 0 };
    agents = await Promise.all(['cam-1', 'cam-2'].map((device) => f.agent({ device, images: [], source, healthS: 1 })));
    await dashboard.says(/"url": "[^"]+"/);
    url = /"url": "([^"]+)"/.exec(dashboard.stdout())![1]!;
    stranger = await connectAsync(f.url);
  }, 40_000);
  afterAll(async () => {
    await browser?.close();
    await stranger?.endAsync();
    await dashboard?.stop('SIGKILL');
    await f?.end();
    await d?.remove();
  });

  it('knows from MQTT alone what agents and consumers count, as they say it', async () => {
    await expect
      // Whoever spoke first comes first.
      .poll(async () => (await fleetNow()).devices.sort((a, b) => a.name.localeCompare(b.name)), { timeout: 20_000 })
      .toMatchObject([
        { name: 'cam-1', state: 'online', planId: d.plan.planId, health: { inferences: { answered: 3, failed: 0 } } },
        { name: 'cam-2', state: 'online', health: { inferences: { answered: 3 }, outbox: null, failures: [] } },
      ]);
    await expect
      .poll(async () => (await fleetNow()).consumers, { timeout: 10_000 })
      .toMatchObject([{ health: { answered: 6, planIds: [d.plan.planId], queue: { activations: 0, most: 64 } } }]);
    const { devices, consumers } = await fleetNow();
    const { latencyMs } = agentHealthSchema.parse(devices[0]!.health);
    expect(latencyMs).toMatchObject({ answers: 3 });
    expect(latencyMs!.p95).toBeGreaterThanOrEqual(latencyMs!.p50);
    consumerHealthSchema.parse(consumers[0]!.health);
    // No names of files, and not much.
    const said = JSON.stringify(devices[0]!.health).replace('cutline.health/1', '');
    expect(said.length).toBeLessThan(2000);
    expect(said).not.toMatch(/\.png|images|\//);
  });

  it.skipIf(!isTried)('shows a device that is killed as offline within its keepalive, in an open page', async () => {
    browser = await launchBrowser();
    const page: Page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(8000);
    await page.goto(url);
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    const row = (name: string) => page.locator('tr', { has: page.getByRole('button', { name, exact: true }) });
    await expect.poll(() => row('cam-2').textContent(), { timeout: 8000 }).toContain('online');
    expect(await row('cam-1').textContent()).toMatch(/cut at ReLU2≤ 0\.25SSIM, confirmed on 50\d/);
    await agents[1]!.stop('SIGKILL');
    // Its socket closes with it, and the broker says its will at once.
    await expect.poll(() => row('cam-2').textContent(), { timeout: 8000 }).toContain('offline');
    expect(await row('cam-2').getAttribute('class')).toBe('stale');
    expect(await row('cam-1').textContent()).toContain('online');
  });

  it('believes no stranger, and stays as small, whatever is published', async () => {
    const health = 'cutline/v1/yard/cam-1/health';
    await stranger.publishAsync(health, 'x'.repeat(2_000_000));
    await stranger.publishAsync(health, '{"format":"cutline.health/1"}');
    const foreign = { format: 'cutline.state/1', status: 'offline', device: 'cam-2', planId: 'p', bootId: 'b' };
    await stranger.publishAsync('cutline/v1/yard/cam-1/state', JSON.stringify(foreign));
    for (let i = 0; i < 5000; i++) {
      const device = `x-${i}`;
      const said = JSON.stringify({ ...foreign, device });
      stranger.publish(`cutline/v1/yard/${device}/state`, said, { retain: i < 200 });
    }
    await expect.poll(async () => (await fleetNow()).leftOut.devices, { timeout: 10_000 }).toBe(4952);
    const { devices, refused } = await fleetNow();
    expect(devices).toHaveLength(50);
    expect(refused).toMatchObject({ oversized: 1, malformed: 1, foreign: 1 });
    expect(devices.find((one) => one.name === 'cam-1')).toMatchObject({ state: 'online' });
    expect(await peakMb(dashboard)).toBeLessThan(160);
  });

  it('says that it hears nothing while the broker is away, and ends when it is asked to', async () => {
    await broker.stop('SIGKILL');
    await expect.poll(async () => (await fleetNow()).brokerLostAt, { timeout: 8000 }).toBeGreaterThan(0);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await dashboard.stop('SIGTERM')).toBe(0);
    expect(dashboard.stderr() + dashboard.stdout()).not.toContain(token);
  });
});
