/** What commands print: one JSON document on stdout, or text; everything else goes to stderr. */
import { CutlineError } from '../errors.ts';

export { table } from '../text-table.ts';

/** What fails after a result must not be a second document. */
let isDocumentOut = false;

/** Prints the result of a command. `text` is only called when the result is wanted as text. */
export function print(json: boolean | undefined, result: { readonly format: string }, text: () => string): void {
  isDocumentOut ||= json === true;
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : `${text()}\n`);
}

/** A line for people, beside the result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Writes all that can be written: one full disk does not cost the rest, nor the result on stdout.
 * @param writes those that are false are none
 * @returns what failed, for `fail` once the result has been printed
 */
export async function writeAll(writes: readonly (false | (() => Promise<unknown>))[]): Promise<CutlineError[]> {
  const failures: CutlineError[] = [];
  for (const write of writes) {
    try {
      if (write) await write();
    } catch (error) {
      if (!(error instanceof CutlineError) || error.code !== 'OUTPUT_NOT_WRITABLE') throw error;
      failures.push(error);
    }
  }
  return failures;
}

/** A reader that hangs up is no failure of ours; a full disk behind `>` is one, and no bug. */
export function guardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    fail(
      new CutlineError('OUTPUT_NOT_WRITABLE', { path: 'standard output', problem: error.code ?? error.message }),
      false,
    );
  });
}

/** Reports an error once and sets the exit code. Only bugs show a stack. */
export function fail(error: unknown, json: boolean): void {
  const known = error instanceof CutlineError;
  const message = known ? error.message : error instanceof Error ? error.message : String(error);
  process.exitCode = known ? error.exit : 1;
  report({ code: known ? error.code : 'INTERNAL', message }, json);
  if (!json && !known && error instanceof Error) process.stderr.write(`This is a bug in cutline.\n${error.stack}\n`);
}

/** In the words of whoever failed: as the document of stdout, unless that is out already. */
export function report({ code, message }: { readonly code: string; readonly message: string }, json: boolean): void {
  if (json && !isDocumentOut)
    process.stdout.write(`${JSON.stringify({ format: 'cutline.error/1', code, message }, null, 2)}\n`);
  else process.stderr.write(`cutline: ${message} [${code}]\n`);
}
