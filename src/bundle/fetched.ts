/** A package of another platform, from the registry that npm is set up for, unpacked. npm holds it against the registry's digest. */
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './program.ts';

/** @returns the package's folder, below `scratch` @throws CutlineError BUNDLE_FAILED */
export async function fetchPackage(name: string, version: string, scratch: string): Promise<string> {
  const folder = await mkdtemp(join(scratch, 'fetched-'));
  const printed = await runProgram('npm', ['pack', `${name}@${version}`, '--ignore-scripts', '--silent'], folder);
  const file = printed.trim().split('\n').at(-1)!;
  const unpacked = join(folder, 'unpacked');
  await mkdir(unpacked);
  await runProgram('tar', ['-xzf', join(folder, file), '-C', unpacked, '--strip-components=1'], folder);
  return unpacked;
}
