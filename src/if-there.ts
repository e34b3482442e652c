import { CutlineError } from './errors.ts';

/** What is read of a file; undefined where there is none yet. */
export async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof CutlineError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}
