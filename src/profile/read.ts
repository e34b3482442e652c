/** Profiles by path, or by the name of one that is shipped. */
import { stringify } from 'yaml';
import { writeAtomically } from '../files.ts';
import { shippedDocuments } from '../shipped.ts';
import { check } from '../validate.ts';
import { type Profile, profileSchema } from './schema.ts';

const shipped = shippedDocuments('profiles', profileSchema, { invalid: 'PROFILE_INVALID', unknown: 'PROFILE_UNKNOWN' });

/** `raspberry-pi-4` for a shipped profile, or a path. @throws CutlineError FILE_NOT_FOUND, PROFILE_INVALID, PROFILE_UNKNOWN */
export const readProfile: (nameOrPath: string) => Promise<Profile> = shipped.read;

/** Names of the profiles that come with the package. */
export const shippedProfiles: () => Promise<string[]> = shipped.names;

/** @throws CutlineError OUTPUT_NOT_WRITABLE; PROFILE_INVALID when the profile would not be read back */
export async function writeProfile(path: string, profile: Profile): Promise<void> {
  const checked = check(profile, profileSchema, path, 'PROFILE_INVALID');
  const header = `# Written by cutline profile. Every figure says whether it was measured, published or modelled.\n`;
  await writeAtomically(path, header + stringify(checked, { lineWidth: 120 }));
}
