/** `cutline demo`. */
import { fileURLToPath } from 'node:url';
import { type DemoOptions, runDemo } from '../demo/index.ts';
import { print } from './output.ts';
import { stopSignal } from './stop.ts';

/** Ships with the package: trained by scripts/train, see its model card. */
const shippedModel = fileURLToPath(new URL('../../models/lenet-fashion-mnist.onnx', import.meta.url));

export interface DemoSettings extends Omit<DemoOptions, 'model' | 'log' | 'signal'> {
  readonly model: string | undefined;
  readonly json: boolean | undefined;
}

export async function runDemoCommand(settings: DemoSettings): Promise<void> {
  const { json, ...options } = settings;
  const result = await runDemo({
    ...options,
    model: options.model ?? shippedModel,
    log: (line) => void process.stderr.write(`${line}\n`),
    signal: stopSignal(),
  });
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  print(json, result, () =>
    [
      `Cut at ${result.chosen.cut}, defense ${result.chosen.defense}, codec ${result.chosen.codec}.`,
      `The best attack reached SSIM ${result.ssim?.mean.toFixed(3)} (95 % interval up to ${result.ssim?.high.toFixed(3)}).`,
      `${result.images} pictures: same answer as the unsplit model for ${percent(result.agreement)}` +
        (result.accuracy
          ? `, accuracy ${percent(result.accuracy.split)} split, ${percent(result.accuracy.unsplit)} unsplit.`
          : '.'),
      `Latency p50 ${result.latencyMs.p50.toFixed(2)} ms, p95 ${result.latencyMs.p95.toFixed(2)} ms. Took ${result.seconds.toFixed(0)} s.`,
      `Open ${result.report}`,
    ].join('\n'),
  );
}
