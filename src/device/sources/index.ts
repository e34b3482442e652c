/** Where pictures come from. */
import type { AgentConfig } from '../config.ts';
import { folderSource } from './folder.ts';
import type { OpenedSource, SourceContext } from './source.ts';

export { untilReturned } from './returned.ts';
export type { SourceCounts } from './source.ts';

export async function openSource(
  config: AgentConfig,
  _folder: string,
  images: readonly string[] | undefined,
  context: SourceContext,
): Promise<OpenedSource> {
  return folderSource(images ?? config.images, context);
}
