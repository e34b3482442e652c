/** Programs of this machine that a bundle is made with. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CutlineError } from '../errors.ts';

const run = promisify(execFile);

/** @returns what it printed @throws CutlineError BUNDLE_FAILED */
export async function runProgram(program: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await run(program, args, { cwd, maxBuffer: 16 * 2 ** 20 });
    return stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: string | number; stderr?: string };
    const said = stderr?.trim().split('\n').slice(-3).join(' ');
    const problem = code === 'ENOENT' ? `${program} is not on this machine` : `${program} ${args[0]}: ${said || code}`;
    throw new CutlineError('BUNDLE_FAILED', { problem }, { cause: error });
  }
}

/** Whether it did its work; for what can be done without. */
export async function tryProgram(program: string, args: readonly string[], cwd: string): Promise<boolean> {
  return run(program, args, { cwd }).then(
    () => true,
    () => false,
  );
}
