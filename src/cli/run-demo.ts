/** `cutline demo`. */
import { fileURLToPath } from 'node:url';
import { type DemoOptions, type DemoResult, runDemo } from '../demo/index.ts';
import { CutlineError } from '../errors.ts';
import { print } from './output.ts';
import { stopSignal } from './stop.ts';
import { within } from './thresholds.ts';

/** They ship with the package: made by scripts/train, see their model cards. */
const shipped = (name: string) => fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url));
/** What a small device holds of the shipped model, and what an attacker may gain there over the answer. */
const [shippedBytes, shippedGain] = [160_000, 0.05];

export interface DemoSettings extends Omit<DemoOptions, 'model' | 'log' | 'signal'> {
  readonly model: string | undefined;
  readonly json: boolean | undefined;
}

export async function runDemoCommand(settings: DemoSettings): Promise<void> {
  const { json, ...options } = settings;
  check(options);
  const isShipped = options.model === undefined;
  const original = options.original ?? (isShipped ? shipped('lenet-fashion-mnist') : undefined);
  const result = await runDemo({
    ...options,
    model: options.model ?? shipped('lenet-fashion-mnist-hardened'),
    original,
    maxGain: options.maxGain ?? (isShipped ? shippedGain : undefined),
    maxDownloadBytes: options.maxDownloadBytes ?? (isShipped ? shippedBytes : undefined),
    log: (line) => void process.stderr.write(`${line}\n`),
    signal: stopSignal(),
  });
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  print(json, result, () =>
    [
      `Cut at ${result.chosen.cut}, defense ${result.chosen.defense}, codec ${result.chosen.codec}.`,
      `Protocol ${result.protocol}: the strongest of its attacks, ${result.strongest}, reached SSIM ${result.ssim?.mean.toFixed(3)} (up to ${result.ssim?.high.toFixed(3)})` +
        (result.floor ? `; knowing the answer alone gives ${result.floor.mean.toFixed(3)}.` : '.'),
      `${result.images} pictures: same answer ${original ? 'in two pieces as in one' : 'as the unsplit model'} for ${percent(result.agreement)}` +
        (result.accuracy
          ? `, accuracy ${percent(result.accuracy.split)} split, ${percent(result.accuracy.unsplit)} ${original ? 'before it was hardened' : 'unsplit'}.`
          : '.'),
      `Latency p50 ${result.latencyMs.p50.toFixed(2)} ms, p95 ${result.latencyMs.p95.toFixed(2)} ms; ${predictedText(result)}. Took ${result.seconds.toFixed(0)} s.`,
      `Open ${result.report}`,
    ].join('\n'),
  );
}

function predictedText({ predicted, measured }: DemoResult): string {
  const { p50, p95 } = predicted.latencyMs;
  const off = Math.round(100 * (p50 / measured.latencyMs.p50 - 1));
  return `predicted p50 ${p50.toFixed(2)} (${off > 0 ? '+' : ''}${off} %)${p95 === null ? '' : `, p95 ${p95.toFixed(2)}`}`;
}

function check({ images, seed, maxSsim, maxGain, maxDownloadBytes, minAccuracy }: Omit<DemoSettings, 'json'>): void {
  const whole = (flag: string, n: number, low: number, high: number) => {
    if (Number.isInteger(n) && n >= low && n <= high) return;
    throw new CutlineError('USAGE', { problem: `${flag} is a whole number from ${low} to ${high}.` });
  };
  whole('--images', images, 1, 10_000);
  whole('--seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  within('--max-ssim', maxSsim, -1, 1);
  if (maxGain !== undefined) within('--max-gain', maxGain, -2, 2);
  if (maxDownloadBytes !== undefined) within('--max-download-bytes', maxDownloadBytes);
  within('--min-accuracy', minAccuracy, 0, 1);
}
