/** Widths of noise by what they shall bring about: only pictures can tell them. */
import type { Argument } from '../spec.ts';
import { numberValue } from '../spec.ts';
import type { Facts, Target } from '../stage.ts';

/** SSIM that cheap attacks may leave, of 1. */
export const leak = (becomes: string): Target => ({ becomes, range: { above: 0, most: 0.99 } });

/** The width in place of the target; undefined where the stage has none. */
export async function byLeak(
  args: readonly Argument[],
  { becomes }: Target,
  facts: Facts,
): Promise<readonly Argument[] | undefined> {
  const found = args.find((a) => a.key === 'leak');
  if (found?.value.kind !== 'number') return undefined;
  const written = (width: number): readonly Argument[] => [{ ...found, key: becomes, value: numberValue(width) }];
  return written(await facts.leastWidth(found.value.value, written));
}
