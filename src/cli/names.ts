import { isName } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';

/** @param given by option; undefined for one that was left out @throws CutlineError USAGE */
export function requireNames(given: Readonly<Record<string, string | undefined>>): void {
  for (const [flag, name] of Object.entries(given)) {
    if (name === undefined || isName(name)) continue;
    const problem = `${flag} ${name}: use 1 to 64 letters, digits, dots, dashes and underscores.`;
    throw new CutlineError('USAGE', { problem });
  }
}
