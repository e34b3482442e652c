/** The public face of the library. */
export type { ErrorCode, ExitCode } from './errors.ts';
export { CutlineError } from './errors.ts';
