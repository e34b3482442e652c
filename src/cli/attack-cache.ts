/** Where audits keep finished attacks. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type AuditorOptions, folderCache } from '../privacy/audit/index.ts';
import { version } from './version.ts';

/**
 * @param choice a folder; false for none; undefined for the user's own (`XDG_CACHE_HOME`, else `~/.cache`)
 * @param about what an outcome hangs on that the audit itself does not know
 */
export function cacheFor(choice: string | false | undefined, about: object): AuditorOptions['cache'] {
  if (choice === false) return undefined;
  const folder = choice ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cutline', 'attacks');
  return { store: folderCache(folder), about: { version: version(), ...about } };
}
