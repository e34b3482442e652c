/** What no option of any command may be, whatever the command: refused here once, in the words of the catalogue. */
import { CutlineError } from '../errors.ts';

/** Names of options by type, as yargs keeps them. */
interface Declared {
  readonly array?: readonly string[];
  readonly number?: readonly string[];
  readonly string?: readonly string[];
  readonly boolean?: readonly string[];
}

/**
 * yargs turns text for a number into NaN, an option given twice into a list, and one without its value into ''.
 * @throws CutlineError USAGE
 */
export function checkValues(argv: Readonly<Record<string, unknown>>, declared: Declared): true {
  const { array = [], number = [], string = [], boolean = [] } = declared;
  const refuse = (problem: string): never => {
    throw new CutlineError('USAGE', { problem: `${problem} See cutline --help.` });
  };
  for (const name of new Set([...number, ...string, ...boolean])) {
    const value = argv[name];
    if (Array.isArray(value) && !array.includes(name)) refuse(`${name} is given ${value.length} times; give it once.`);
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (values.includes('')) refuse(`${name} has no value.`);
    if (number.includes(name) && values.some((v) => typeof v === 'number' && !Number.isFinite(v)))
      refuse(`${name} wants a number.`);
  }
  for (const name of number) {
    // Given without a value, a number is undefined rather than absent.
    if (name in argv && argv[name] === undefined) refuse(`${name} has no value.`);
  }
  return true;
}
