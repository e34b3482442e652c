/** Where pictures come from. */
import { resolve } from 'node:path';
import { CutlineError } from '../../errors.ts';
import { statOf } from '../../files.ts';
import { readPassword, readToken } from '../../secrets.ts';
import { liveSource } from './camera.ts';
import { cameraCommand, rtspCommand } from './commands.ts';
import { folderSource } from './folder.ts';
import { httpSource } from './http.ts';
import { atPace, changing } from './pace.ts';
import type { SourceSettings } from './settings.ts';
import type { OpenedSource, SourceContext } from './source.ts';
import { stdinSource } from './stdin.ts';
import { watchSource } from './watch.ts';

export { untilReturned } from './returned.ts';
export { sourceSchema } from './settings.ts';
export type { OpenedSource, SourceContext, SourceCounts } from './source.ts';

/**
 * @param settings undefined: `images` once
 * @param folder what paths in the settings are relative to
 * @throws CutlineError what the source cannot do without, before anything is sent
 */
export async function openSource(
  settings: SourceSettings | undefined,
  images: readonly string[],
  folder: string,
  context: SourceContext,
): Promise<OpenedSource> {
  if (!settings) return folderSource(images, context);
  const at = (path: string) => resolve(folder, path);
  switch (settings.type) {
    case 'folder':
      return paced(await folderSource(settings.paths.map(at), context), settings, context);
    case 'watch':
      return paced(await watchSource(at(settings.folder), settings, context), settings, context);
    case 'stdin': {
      const source = stdinSource(settings, context);
      return paced(source, settings.drop === 'wait' ? settings : { change: settings.change }, context);
    }
    case 'http': {
      const { tokenFile } = settings;
      const token = tokenFile === undefined ? undefined : await readToken(at(tokenFile));
      return httpSource({ ...settings, token }, context);
    }
    case 'camera':
      return paced(
        await liveSource('camera', cameraCommand(settings), settings, context),
        { change: settings.change },
        context,
      );
    case 'rtsp': {
      const { passwordFile } = settings;
      const password = passwordFile === undefined ? undefined : await readPassword(at(passwordFile));
      const source = await liveSource('rtsp', rtspCommand(settings, password), settings, context);
      return paced(source, { change: settings.change }, context);
    }
    default:
      return settings satisfies never;
  }
}

/** Looks for what the source would read, and takes no picture. @throws CutlineError FILE_*, SECRET_EXPOSED */
export async function checkSource(settings: SourceSettings | undefined, folder: string): Promise<void> {
  const at = (path: string) => resolve(folder, path);
  if (settings?.type === 'folder') for (const path of settings.paths) await statOf(at(path));
  if (settings?.type === 'watch') await statOf(at(settings.folder));
  if (settings?.type === 'http' && settings.tokenFile !== undefined) await readToken(at(settings.tokenFile));
  if (settings?.type === 'rtsp' && settings.passwordFile !== undefined) await readPassword(at(settings.passwordFile));
}

/** Whether its pictures are still there when the agent is started again, to be known by their content. */
export function mayComeAgain(settings: SourceSettings | undefined): boolean {
  return !settings || settings.type === 'folder' || settings.type === 'watch';
}

/** With a gate and a pace, where those are asked for. */
function paced(
  source: OpenedSource,
  { maxFps, change }: Partial<Pick<Extract<SourceSettings, { type: 'folder' }>, 'maxFps' | 'change'>>,
  { stop }: SourceContext,
): OpenedSource {
  const gated = change ? changing(source.pictures, change, source.counts) : source.pictures;
  return { ...source, pictures: maxFps === undefined ? gated : atPace(gated, maxFps, stop) };
}

/** @throws CutlineError CONFIG_INVALID where both say where pictures come from */
export function checkOneSource(path: string, images: readonly string[], settings: SourceSettings | undefined): void {
  if (images.length === 0 || !settings) return;
  throw new CutlineError('CONFIG_INVALID', { path, problem: 'images, source: give one of them' });
}
