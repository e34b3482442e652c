/** What the options of `cutline harden` may be. */
import { CutlineError } from '../errors.ts';
import type { HardenSettings } from './run-harden.ts';

/** Of `--bits 512,256 --bits 128`. @throws CutlineError USAGE */
export function ratesOf({ bits }: Pick<HardenSettings, 'bits'>): number[] {
  const rates = bits.flatMap((text) => text.split(',')).map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  if (rates.length === 0 || !rates.every((n) => Number.isInteger(n) && n >= 1 && n <= 1e7)) {
    throw new CutlineError('USAGE', { problem: `--bits ${bits.join(' ')}: whole numbers from 1 on, e.g. 512,256.` });
  }
  return rates;
}

/** @throws CutlineError USAGE for values out of range and options that do not go together */
export function checkHarden(settings: HardenSettings): void {
  const refuse = (problem: string): never => {
    throw new CutlineError('USAGE', { problem });
  };
  const { epochs, batch, learningRate, size, adversary, minUtility, pictures, seed, memoryGb, threads } = settings;
  const whole = (name: string, n: number | undefined, low: number, high: number) => {
    if (n !== undefined && !(Number.isInteger(n) && n >= low && n <= high))
      refuse(`${name} is a whole number from ${low} to ${high}.`);
  };
  ratesOf(settings);
  whole('--epochs', epochs, 1, 10_000);
  whole('--batch', batch, 2, 4096);
  whole('--views', settings.views, 1, 64);
  whole('--width', size.width, 4, 4096);
  whole('--blocks', size.blocks, 0, 100);
  whole('--pictures', pictures, 16, 10_000_000);
  whole('--threads', threads, 1, 1024);
  if (!(learningRate > 0 && learningRate <= 1)) refuse('--learning-rate is above 0 and at most 1.');
  if (!(settings.fineTune >= 0 && settings.fineTune <= 1)) refuse('--fine-tune is a share from 0 to 1.');
  if (settings.tune === 'head' && settings.fineTune === 0)
    refuse('--tune head learns the head, and --fine-tune 0 leaves it as it is: leave one of them out.');
  if (!(memoryGb >= 0.1)) refuse('--memory-gb is a number from 0.1 on.');
  const weights = {
    '--adversary': adversary.decoder,
    '--entropy': adversary.entropy,
    '--correlation': adversary.correlation,
    '--reidentification': adversary.reidentification,
  };
  for (const [name, weight] of Object.entries(weights)) {
    if (!(weight >= 0 && weight <= 1000)) refuse(`${name} is a weight from 0 to 1000.`);
  }
  if (minUtility !== undefined && !(minUtility >= 0 && minUtility <= 1))
    refuse('--min-utility is a share from 0 to 1.');
  if (!Number.isSafeInteger(seed)) refuse('--seed is a whole number.');
}
