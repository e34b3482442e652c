/** Passwords and keys: read from files that only their owner may read, never logged, never in a configuration. */
import type { z } from 'zod';
import { CutlineError, type ErrorCode } from './errors.ts';
import { readBounded, requireFile, statOf } from './files.ts';
import { check } from './validate.ts';

const MAX_SECRET_BYTES = 64 * 1024;

/** The bytes of the file. @throws CutlineError SECRET_EXPOSED when group or others may read it */
export async function readSecret(path: string, maxBytes = MAX_SECRET_BYTES): Promise<Buffer> {
  // Windows has no such bits; there the file inherits the rights of its folder.
  if (process.platform !== 'win32') {
    const found = await statOf(path);
    requireFile(path, found);
    const { mode } = found;
    if (mode & 0o077) throw new CutlineError('SECRET_EXPOSED', { path, mode: (mode & 0o777).toString(8) });
  }
  return readBounded(path, maxBytes);
}

/** A password: the first line of the file. @throws CutlineError FILE_UNREADABLE too when that line is empty */
export async function readPassword(path: string): Promise<string> {
  const password = (await readSecret(path)).toString('utf8').split(/\r?\n/, 1)[0]!;
  if (password === '') throw new CutlineError('FILE_UNREADABLE', { path, problem: 'its first line is no password' });
  return password;
}

/** A token: a password that a header can carry. @throws CutlineError FILE_UNREADABLE too when none can */
export async function readToken(path: string): Promise<string> {
  const token = await readPassword(path);
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const problem =
    'its first line is no token: use letters, digits and signs of ASCII without spaces, as openssl rand -hex 32';
  throw new CutlineError('FILE_UNREADABLE', { path, problem });
}

/** Some hundred bytes for each of 100 000 devices. */
const MAX_DOCUMENT_BYTES = 64 * 2 ** 20;

/** A JSON file of keys or hashes. @throws CutlineError FILE_*, SECRET_EXPOSED, or `code` with the faults and where they are */
export async function readSecretDocument<S extends z.ZodType>(
  path: string,
  schema: S,
  code: ErrorCode,
): Promise<z.output<S>> {
  const text = (await readSecret(path, MAX_DOCUMENT_BYTES)).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not the parser's own words: they may quote what is secret.
    throw new CutlineError(code, { path, problem: 'it is not JSON' });
  }
  return check(value, schema, path, code);
}
