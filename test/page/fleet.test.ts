/** The page of a fleet in a browser: what is seen, heard and reached by keys, and that nothing in it is ever read as markup. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fleet } from '../../src/fleet/fleet.ts';
import type { PlanView } from '../../src/fleet/index.ts';
import { serveWeb, type Web } from '../../src/fleet/web/server.ts';
import { pageProgram } from '../../src/page-program.ts';
import { consumerHealth, health, json, planId, state, topic } from '../fleet/said.ts';
import { hasBrowser, launchBrowser } from '../support/browser.ts';

const isTried = hasBrowser('the page of a fleet is');
const token = 'a-token-that-nobody-guesses';
const evil = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>';
const band = (mean: number) => ({ mean, low: mean - 0.05, high: mean + 0.05 });
const plan: PlanView = {
  ...{ planId, model: `${evil}\u202e`, cut: 'ReLU2', codec: 'float32', defense: evil, signedBy: null, expires: null },
  ...{ threat: 'white-box', maxSsim: 0.3, predicted: { p50Ms: 10, p95Ms: null, wireBytes: 4300 } },
  evidence: [
    {
      ...{ threat: 'white-box', observations: 1, protocol: 'standard', strongest: evil, images: 50, ssim: band(0.2) },
      ...{ floor: band(0.1), reidentification: null, bitsCap: null, confirmation: { images: 50, confidence: 0.99 } },
    },
  ],
};
let web: Web;
let fleet: Fleet;
let browser: Browser;
let page: Page;
/** Of the dashboard's clock. */
let aheadMs = 0;
const asked: string[] = [];
const complaints: string[] = [];
const says = (to: string, value: unknown) => fleet.receive(to, json(value), false);
const row = (name: string) => page.locator('tr', { has: page.getByRole('button', { name, exact: true }) });

describe.skipIf(!isTried)('the page of a fleet', { timeout: 20_000 }, () => {
  beforeAll(async () => {
    fleet = new Fleet({ fleet: 'yard', maxDevices: 20, maxConsumers: 5, now: () => Date.now() + aheadMs });
    fleet.connected(true);
    const since = (mark: Parameters<Fleet['since']>[0]) => {
      const told = fleet.since(mark);
      return told.isWhole ? { ...told, plans: [plan] } : told;
    };
    const report = { waitsFor: () => undefined, metrics: () => [] };
    const program = await pageProgram('fleet-page');
    const served = { host: '127.0.0.1', port: 0, token, fleet: 'yard', program, since, report };
    web = await serveWeb({ ...served, mark: () => fleet.mark });
    browser = await launchBrowser();
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(8000);
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
  }, 30_000);
  afterAll(async () => {
    await browser?.close();
    await web?.close();
  });

  it('lets in who knows the token, by keys alone', async () => {
    await page.goto(web.url);
    expect(await page.evaluate('document.activeElement.id')).toBe('token');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('That is not the token');
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Fleet yard' }).waitFor();
    expect(page.url()).toBe(`${web.url}/`);
    expect(await page.getByText('Nobody has said anything yet.').count()).toBe(1);
    // The form, before the token was known.
    expect(complaints.splice(0).filter((text) => !text.includes('401'))).toEqual([]);
  });

  it('shows devices as they come, with plan, evidence, figures and failures', async () => {
    says(topic.state('cam-1'), state('cam-1', 'online'));
    says(topic.health('cam-1'), health('cam-1'));
    const at = new Date().toISOString();
    const failing = { inferences: { answered: 10, failed: 3 }, failures: [{ code: 'NO_ANSWER', count: 3, at }] };
    says(topic.health('cam-2'), health('cam-2', { ...failing, planId: 'f'.repeat(32), power: null, everyS: 60 }));
    says(topic.consumer('tails-1'), consumerHealth('tails-1'));
    await row('cam-1').waitFor();
    const first = await row('cam-1').textContent();
    for (const text of [
      'online',
      'cut at ReLU2',
      '≤ 0.25',
      'confirmed on 50',
      '41.2 ms',
      'p95 88.7 ms',
      '3.4 W',
      '54 °C',
    ])
      expect(first).toContain(text);
    expect(await row('cam-2').textContent()).toMatch(/unknown plan[\s\S]*3 failed, last NO_ANSWER/);
    const plans = page.getByRole('region', { name: 'Plans and their evidence' });
    expect(await plans.textContent()).toMatch(/SSIM 0\.20 \(0\.15 … 0\.25\)[\s\S]*gives away 0\.10/);
    expect(await plans.textContent()).toContain('Unknown here');
    const consumers = page.getByRole('region', { name: 'Consumers' });
    expect(await consumers.textContent()).toMatch(/tails-1[\s\S]*31\.4[\s\S]*12 of 64/);
  });

  it('unfolds what else a device says, by keys, and keeps the focus while figures change', async () => {
    const button = page.getByRole('button', { name: 'cam-2' });
    await button.focus();
    await page.keyboard.press('Enter');
    expect(await button.getAttribute('aria-expanded')).toBe('true');
    const details = page.locator(`[id="${await button.getAttribute('aria-controls')}"]`);
    expect(await details.textContent()).toMatch(/no meter answers[\s\S]*3 forged[\s\S]*NO_ANSWER 3 times/);
    says(topic.state('cam-0'), state('cam-0', 'online'));
    await row('cam-0').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('cam-2');
    expect(await details.isVisible()).toBe(true);
    await page.keyboard.press(' ');
    expect(await details.isVisible()).toBe(false);
  });

  it('greys what is old, says since when, and tells those who do not see it', async () => {
    aheadMs += 200_000;
    says(topic.health('cam-2'), health('cam-2', { everyS: 60 }));
    await expect.poll(() => row('cam-1').textContent(), { timeout: 5000 }).toMatch(/silent\s*last heard 3 min ago/);
    expect(await row('cam-1').getAttribute('class')).toContain('stale');
    expect(await row('cam-2').getAttribute('class')).not.toBe('stale');
    says(topic.state('cam-2'), state('cam-2', 'offline'));
    await expect.poll(() => page.locator('p[role=status]').textContent(), { timeout: 5000 }).toBe('cam-2: offline');
    fleet.connected(false);
    const notice = page.locator('.notices');
    await expect
      .poll(() => notice.textContent(), { timeout: 5000 })
      .toMatch(/no connection to the broker \(lost just now\)/);
    expect(await page.locator('#fleet').getAttribute('class')).toContain('old');
    fleet.connected(true);
    await expect.poll(() => notice.textContent(), { timeout: 5000 }).toBe('');
  });

  it('finds devices by name, plan and trouble', async () => {
    says(topic.health('cam-1'), health('cam-1', { everyS: 600 }));
    await expect.poll(() => row('cam-1').textContent()).toContain('online');
    const shown = async () => (await page.locator('tbody th button').allTextContents()).filter(Boolean).join();
    const visible = () => page.locator('tbody tr:visible th button').allTextContents();
    await page.getByLabel('Find').fill('cam-2');
    expect(await visible()).toEqual(['cam-2']);
    await page.getByLabel('Find').fill('');
    await page.getByLabel('only those in trouble').check();
    expect(await visible()).toEqual(['cam-0', 'cam-2']);
    await page.getByLabel('only those in trouble').uncheck();
    await page.getByLabel('Find').fill('nobody');
    expect(await page.getByText('No device is so.').isVisible()).toBe(true);
    await page.getByLabel('Find').fill('');
    expect(await shown()).toContain('cam-1');
  });

  it('takes what strangers say for text, bounds it, and says what it left out', async () => {
    says(topic.state('cam-1'), state('cam-1', 'online', { planId: evil }));
    says(topic.health('cam-1'), { ...health('cam-1'), failures: [{ code: evil, count: 1, at: 'now' }] });
    fleet.receive(`cutline/v1/yard/${evil}/state`, json(state(evil, 'online')), false);
    for (let i = 0; i < 100_000; i++) says(topic.state(`x-${i}`), state(`x-${i}`, 'online', { planId: `p-${i}` }));
    const notices = page.locator('.notices');
    await expect
      .poll(() => notices.textContent(), { timeout: 15_000 })
      .toMatch(/Left out: more than 10\s000 other names/);
    expect(await notices.textContent()).toContain('2 malformed');
    await expect.poll(() => page.locator('tbody').first().locator('tr:not(.more)').count()).toBe(20);
    expect(await page.locator('article.plan').count()).toBeLessThanOrEqual(24);
    expect(await page.locator('img, #fleet script, iframe, [onerror]').count()).toBe(0);
    expect(await page.title()).toBe('Fleet yard');
    const shown = await page.getByRole('region', { name: 'Plans and their evidence' }).textContent();
    expect(shown).toContain('<img src=x');
    expect(shown).not.toContain('\u202e');
  });

  it('has a name and a role for everything, and nothing that reaches beyond a narrow window', async () => {
    says(topic.consumer('tails-1'), consumerHealth('tails-1'));
    await page.getByRole('rowheader', { name: 'tails-1' }).waitFor();
    for (const width of [320, 375, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      const [inside, own] = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
      expect([width, inside]).toEqual([width, own]);
      // Also where rows are cards.
      expect(await page.getByRole('table').count()).toBe(2);
      expect(await page.getByRole('rowheader', { name: /^cam-1/ }).count()).toBe(1);
    }
    // Tests are compiled without a browser's types.
    const lacking = await page.evaluate<string[]>(`(() => {
      const all = [...document.querySelectorAll('button, input, a, meter, [role=img], table, section')];
      const named = (e) =>
        e.getAttribute('aria-label') ||
        e.getAttribute('aria-labelledby') ||
        e.labels?.length > 0 ||
        (['BUTTON', 'A'].includes(e.tagName) && e.textContent.trim());
      const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
      const dangling = all
        .flatMap((e) => [e.getAttribute('aria-labelledby'), e.getAttribute('aria-controls')])
        .filter((id) => id && !ids.includes(id));
      const twice = ids.filter((id, i) => ids.indexOf(id) < i);
      return [...all.filter((e) => !named(e)).map((e) => e.outerHTML.slice(0, 80)), ...twice, ...dangling];
    })()`);
    expect(lacking).toEqual([]);
    const levels = await page.evaluate<number[]>(
      "[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => +h.tagName[1])",
    );
    expect(levels[0]).toBe(1);
    for (const [i, level] of levels.entries()) if (i > 0) expect(level - levels[i - 1]!).toBeLessThanOrEqual(1);
    const outline = await page.evaluate(
      "document.querySelector('#search').focus(), getComputedStyle(document.querySelector('#search')).outlineStyle",
    );
    expect(outline).not.toBe('none');
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await ground()).not.toBe(light);
  });

  it('asks only the dashboard for anything, and is told nothing more when somebody signs out', async () => {
    expect(asked.filter((url) => !url.startsWith(web.url) && !url.startsWith('data:'))).toEqual([]);
    expect(asked.some((url) => url.includes(token))).toBe(false);
    expect(complaints).toEqual([]);
    const other = await page.context().newPage();
    await other.goto(web.url);
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.getByLabel('Token').waitFor();
    await other.close();
    const again = page.getByRole('link', { name: 'Sign in again' });
    await again.waitFor();
    expect(await page.locator('#fleet').getAttribute('class')).toContain('old');
    await again.click();
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Fleet yard' }).waitFor();
  });

  it('says when the dashboard is gone', async () => {
    await row('cam-1').waitFor();
    await web.close();
    await expect
      .poll(() => page.locator('.notices').textContent(), { timeout: 8000 })
      .toContain('No connection to the dashboard. What is below is old.');
  });
});
