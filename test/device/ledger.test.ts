import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/device/ledger.ts';
import { CutlineError } from '../../src/errors.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutline-ledger-'));
  path = join(folder, 'ledger.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hour = 3_600_000;
const open = (now: () => number, plan = 'p', rho = 1) =>
  Ledger.open({ path, plan, now, budget: { rho, windowMs: hour } });
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof CutlineError ? error.code : error),
  );

describe('a privacy ledger', () => {
  it('lets a window send what it may, and no more', async () => {
    const ledger = await open(() => 0);
    for (let i = 0; i < 10; i++) await ledger.spend(0.1);
    expect(await codeOf(ledger.spend(0.1))).toBe('BUDGET_SPENT');
    expect(ledger.spentRho).toBeCloseTo(1, 9);
  });

  it('has a fresh budget in the next window', async () => {
    let now = 0;
    const ledger = await open(() => now);
    await ledger.spend(0.9);
    expect(await codeOf(ledger.spend(0.2))).toBe('BUDGET_SPENT');
    now = hour;
    await ledger.spend(0.2);
    expect(ledger.spentRho).toBeCloseTo(0.2, 9);
  });

  it('gives nothing for a clock that is set back', async () => {
    let now = 10 * hour;
    const ledger = await open(() => now);
    await ledger.spend(0.9);
    now = 0;
    expect(await codeOf(ledger.spend(0.2))).toBe('BUDGET_SPENT');
    expect(await codeOf((await open(() => 0)).spend(0.2))).toBe('BUDGET_SPENT');
  });

  it('has written down what it gives before it gives it, some sends ahead', async () => {
    const ledger = await open(() => 0);
    await ledger.spend(0.001);
    const { spentRho } = JSON.parse(readFileSync(path, 'utf8'));
    expect(spentRho).toBeCloseTo(0.02, 9);
    // Whoever starts again has lost what was put aside, and nothing else.
    expect((await open(() => 0)).spentRho).toBeCloseTo(0.02, 9);
  });

  it('gives sends that come together one after the other', async () => {
    const ledger = await open(() => 0);
    const codes = await Promise.all(Array.from({ length: 30 }, () => codeOf(ledger.spend(0.05))));
    expect(codes.filter((c) => c === undefined)).toHaveLength(20);
  });

  it('is refused for another plan, and when it is no ledger', async () => {
    await open(() => 0, 'a');
    expect(await codeOf(open(() => 0, 'b'))).toBe('LEDGER_OTHER_PLAN');
    writeFileSync(path, '{"format":"cutline.ledger/1","spentRho":-1}');
    expect(await codeOf(open(() => 0))).toBe('LEDGER_INVALID');
    writeFileSync(path, 'nonsense');
    expect(await codeOf(open(() => 0))).toBe('LEDGER_INVALID');
  });

  it('never gives more than the budget to processes that are killed, one after another', async () => {
    const script = join(folder, 'spender.mjs');
    const module = pathToFileURL(join(import.meta.dirname, '../../dist/device/ledger.js'));
    writeFileSync(
      script,
      `import { Ledger } from ${JSON.stringify(module.href)};
       const ledger = await Ledger.open({ path: ${JSON.stringify(path)}, plan: 'p', now: () => 0, budget: { rho: 1, windowMs: 1e9 } });
       for (;;) { await ledger.spend(0.004); process.stdout.write('x'); }`,
    );
    let sent = 0;
    for (let i = 0; i < 100; i++) {
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'ignore'] });
      let here = 0;
      child.stdout.on('data', (data: Buffer) => {
        here += data.length;
        if (here >= 40) child.kill('SIGKILL');
      });
      const [code] = await once(child, 'close');
      sent += here;
      if (code === 1) break;
    }
    expect(sent).toBeGreaterThan(100);
    expect(sent * 0.004).toBeLessThanOrEqual(1 + 1e-9);
  }, 60_000);
});
