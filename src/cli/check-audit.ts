/** What the options of `cutline audit` may be. */
import { ownOptions } from '../attacks.ts';
import { CutlineError } from '../errors.ts';
import type { AuditSettings } from './run-audit.ts';

/** @throws CutlineError USAGE for values out of range and options that do not go together */
export function checkSettings({
  queries,
  epochs,
  own,
  memoryGb,
  images,
  gallery,
  iterations,
  seed,
  solver,
  formula,
  restarts,
  lambdaTv,
  learningRate,
  threads,
  observations,
  maxSsim,
}: AuditSettings): void {
  const refuse = (problem: string): never => {
    throw new CutlineError('USAGE', { problem });
  };
  const whole = (n: number | undefined, low: number, high: number) =>
    n === undefined || (Number.isInteger(n) && n >= low && n <= high);
  if (!whole(images, 1, 100_000)) refuse('--images is a whole number from 1 on.');
  if (!whole(gallery, 1, 1_000_000)) refuse('--gallery is a whole number from 1 on.');
  if (!whole(iterations, 1, 1_000_000)) refuse('--iterations is a whole number from 1 on.');
  if (queries?.some((n) => !whole(n, 16, 10_000_000))) refuse('--queries is a whole number from 16 on.');
  if (!whole(epochs, 1, 100_000)) refuse('--epochs is a whole number from 1 on.');
  for (const [name, value] of Object.values(own).flatMap(Object.entries<unknown>)) {
    const option = ownOptions[name]!;
    if (!('whole' in option)) continue;
    const [least, most] = option.whole;
    const range = most < 1000 ? `from ${least} to ${most}` : `from ${least} on`;
    if (!whole(value as number | undefined, least, most)) refuse(`--${name} is a whole number ${range}.`);
  }
  if (memoryGb !== undefined && !(memoryGb >= 0.1)) refuse('--memory-gb is a number from 0.1 on.');
  if (!whole(threads, 1, 1024)) refuse('--threads is a whole number from 1 on.');
  if (observations?.some((n) => !whole(n, 1, 100_000))) refuse('--observations is a whole number from 1 on.');
  if (maxSsim !== undefined && !(maxSsim >= -1 && maxSsim <= 1)) refuse('--max-ssim is a number from -1 to 1.');
  if (!Number.isSafeInteger(seed)) refuse('--seed is a whole number.');
  if (!whole(restarts, 1, 1000)) refuse('--restarts is a whole number from 1 on.');
  if (restarts !== undefined && (solver === 'adam' || formula !== undefined || (lambdaTv ?? 'auto') !== 'auto'))
    refuse(
      '--restarts is for rMLE with the statistics of pictures: without --solver adam, --formula and a --lambda-tv.',
    );
  const lambda = lambdaTv?.trim() === '' ? Number.NaN : Number(lambdaTv);
  if (lambdaTv !== undefined && lambdaTv !== 'auto' && !(lambda >= 0 && lambda < Number.POSITIVE_INFINITY))
    refuse('--lambda-tv is a number from 0 on, or auto.');
  if (learningRate !== undefined && !(learningRate > 0)) refuse('--learning-rate is above 0.');
  if (learningRate !== undefined && solver !== 'adam') refuse('--learning-rate is for --solver adam.');
}
