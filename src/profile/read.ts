/** Profiles by path, or by the name of one that is shipped. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { CutlineError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { check, readDocument } from '../validate.ts';
import { type Profile, profileSchema } from './schema.ts';

/** `profiles/` lies beside `dist/` and `src/` in the package. */
const shippedFolder = fileURLToPath(new URL('../../profiles/', import.meta.url));

/**
 * @param nameOrPath `raspberry-pi-4` for a shipped profile; anything with a slash or ending in .yaml, .yml or .json is a path
 * @throws CutlineError FILE_NOT_FOUND, PROFILE_INVALID with the path of each wrong or unknown key, PROFILE_UNKNOWN with the names
 */
export async function readProfile(nameOrPath: string): Promise<Profile> {
  const isPath = /[/\\]|\.(ya?ml|json)$/.test(nameOrPath);
  if (isPath) return readDocument(nameOrPath, profileSchema, { code: 'PROFILE_INVALID' });
  const known = await shippedProfiles();
  if (!known.includes(nameOrPath)) {
    throw new CutlineError('PROFILE_UNKNOWN', { name: nameOrPath, known: known.join(', ') });
  }
  return readDocument(join(shippedFolder, `${nameOrPath}.yaml`), profileSchema, { code: 'PROFILE_INVALID' });
}

/** Names of the profiles that come with the package. */
export async function shippedProfiles(): Promise<string[]> {
  const files = await readdir(shippedFolder);
  return files
    .filter((f) => f.endsWith('.yaml'))
    .map((f) => f.slice(0, -'.yaml'.length))
    .sort();
}

/** @throws CutlineError OUTPUT_NOT_WRITABLE; PROFILE_INVALID when the profile would not be read back */
export async function writeProfile(path: string, profile: Profile): Promise<void> {
  const checked = check(profile, profileSchema, path, 'PROFILE_INVALID');
  const header = `# Written by cutline profile. Every figure says whether it was measured, published or modelled.\n`;
  await writeAtomically(path, header + stringify(checked, { lineWidth: 120 }));
}
