/** Long work says what it is doing, on a terminal and in a log. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { progressBar } from '../../src/cli/progress.ts';

let written = '';
const stream = (isTTY: boolean) =>
  ({
    isTTY,
    columns: 200,
    write: (text: string) => {
      written += text;
      return true;
    },
    on: () => {},
    removeListener: () => {},
  }) as unknown as NodeJS.WriteStream;

beforeEach(() => {
  written = '';
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

const lines = () => written.split('\n').filter(Boolean);

it('without a terminal there is a line at least every thirty seconds, whatever goes on', () => {
  const progress = progressBar('audit', stream(false), () => Date.now());
  progress.phase('opening model and pictures');
  vi.advanceTimersByTime(30_000);
  expect(lines()).toEqual([expect.stringMatching(/^audit: opening model and pictures, 20 s so far$/)]);
  progress.begin({ low: 200, high: 400 });
  progress.update(0.1, 'conv1 none rmle');
  vi.advanceTimersByTime(30_000);
  progress.update(0.5, 'conv2 none hybrid');
  vi.advanceTimersByTime(30_000);
  expect(lines().length).toBeGreaterThanOrEqual(3);
  expect(lines().at(-2)).toMatch(/^audit: 10 % done; conv1 none rmle, .+ left$/);
  expect(lines().at(-1)).toMatch(/^audit: 50 % done; conv2 none hybrid, .+ left$/);
  const before = lines().length;
  progress.stop();
  vi.advanceTimersByTime(300_000);
  expect(lines()).toHaveLength(before);
});

it('a terminal shows the same beside a bar', () => {
  const progress = progressBar('audit', stream(true), () => Date.now());
  progress.begin({ low: 200, high: 400 });
  progress.update(0.25, 'conv1 none rmle');
  vi.advanceTimersByTime(2000);
  progress.stop();
  expect(written).toMatch(/25% · .+ left · conv1 none rmle/);
});

it('goes on counting where the work does not, and never backwards', () => {
  const progress = progressBar('audit', stream(false), () => Date.now());
  progress.update(0.6, 'a');
  progress.update(0.4, 'b');
  vi.advanceTimersByTime(20_000);
  progress.phase('measuring');
  vi.advanceTimersByTime(20_000);
  progress.begin();
  vi.advanceTimersByTime(20_000);
  progress.stop();
  expect(lines()[0]).toMatch(/60 % done; b/);
  expect(lines()[1]).toMatch(/measuring, .* so far/);
  expect(lines()[2]).toMatch(/0 % done/);
});
