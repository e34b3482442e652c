import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** However busy the machine: fewer prove nothing. At most as many as have been run through once, so that a fast machine finds what is new in the code. */
const least = 100;

it('changed models are inspected, split and differentiated, or refused in our words', async () => {
  const out = mkdtempSync(join(tmpdir(), 'cutline-fuzz-test-'));
  try {
    const args = ['scripts/fuzz.mjs', '--json', '--seconds', '25', '--count', '3000', '--seed', '1', '--out', out];
    const stdout = await new Promise<string>((resolve) => {
      execFile(process.execPath, args, { maxBuffer: 2 ** 26 }, (_, text) => resolve(text));
    });
    const result = JSON.parse(stdout.slice(stdout.lastIndexOf('{"judged"'))) as { judged: number; failed: unknown[] };
    expect(result.failed).toEqual([]);
    expect(result.judged).toBeGreaterThanOrEqual(least);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}, 180_000);

it('changed messages are taken, answered or dropped, and memory does not grow with them', async () => {
  const args = ['scripts/fuzz.mjs', '--envelopes', '--json', '--seconds', '10', '--count', '20000'];
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { maxBuffer: 2 ** 26 }, (_, text) => resolve(text));
  });
  const result = JSON.parse(stdout) as { judged: number; faults: string[]; counts: Record<string, number> } & {
    grownMb: number;
    slowestMs: number;
  };
  expect(result.faults).toEqual([]);
  expect(result.judged).toBeGreaterThanOrEqual(1000);
  // All ways out are met.
  for (const way of ['answered', 'answersTaken', 'malformed', 'foreign', 'BAD_TENSORS', 'PLAN_MISMATCH'])
    expect(result.counts[way], way).toBeGreaterThan(0);
  expect(result.grownMb).toBeLessThan(64);
  // A hang, not a speed: machines are shared.
  expect(result.slowestMs).toBeLessThan(30_000);
}, 120_000);
