/** Which input takes the picture, as the model card says. */
import { readCard } from '../data/index.ts';
import { CutlineError } from '../errors.ts';

/** @returns undefined where there is no card */
export async function pictureNamed(modelPath: string): Promise<string | undefined> {
  try {
    return (await readCard(modelPath)).input;
  } catch (error) {
    if (error instanceof CutlineError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}
