/** Where audits keep finished attacks. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { checkFolder } from '../files.ts';
import { type AttackCache, folderCache } from '../privacy/audit/index.ts';

/**
 * @param choice a folder; false for none; undefined for the user's own (`XDG_CACHE_HOME`, else `~/.cache`), without which
 * an audit works too
 * @param note told when nothing can be kept (any more)
 * @throws CutlineError OUTPUT_NOT_WRITABLE for the folder that was chosen
 */
export async function attackStore(
  choice: string | false | undefined,
  note: (line: string) => void,
): Promise<AttackCache | undefined> {
  if (choice === false) return undefined;
  const folder = choice ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cutline', 'attacks');
  try {
    await checkFolder(folder);
  } catch (error) {
    if (choice !== undefined) throw error;
    note(`finished attacks are not kept: ${(error as Error).message}`);
    // What others put there is as good as ever.
    return folderCache(folder);
  }
  return folderCache(folder, note);
}
