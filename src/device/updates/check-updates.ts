/** What updates do not go together with. */
import { CutlineError } from '../../errors.ts';
import type { AgentConfig } from '../config.ts';

/** Pictures that lie somewhere and are gone through in order. */
const lies = (config: Pick<AgentConfig, 'source'>): boolean =>
  !config.source || config.source.type === 'folder' || config.source.type === 'watch';

/** @throws CutlineError CONFIG_INVALID */
export function checkUpdates(path: string, config: Omit<AgentConfig, 'images'>): void {
  if (!config.updates) return;
  const refuse = (problem: string) => new CutlineError('CONFIG_INVALID', { path, problem });
  if (config.planKeys.length === 0)
    throw refuse('updates: without planKeys whoever can write to the broker would decide what is sent; name a key');
  if (config.source?.type === 'stdin')
    throw refuse('updates, source: what one agent has read of standard input is lost to the next; use another source');
  if (config.privacyBudget) throw refuse('updates, privacyBudget: a ledger counts for one plan; leave out one of them');
}

/** Files are gone through once, whichever agent does it: the results say what was done. @throws CutlineError USAGE */
export function checkResults(
  config: Pick<AgentConfig, 'source'>,
  resultsPath: string | undefined,
  existing: 'resume' | 'add' | 'overwrite' | undefined,
): void {
  if (!lies(config)) return;
  const refuse = (problem: string) => new CutlineError('USAGE', { problem });
  if (resultsPath === undefined)
    throw refuse(
      'updates: with pictures in files, give --results, so that a new agent goes on where the last one left.',
    );
  if (existing === 'add') throw refuse('updates: --no-resume does pictures again with each new plan; leave it out.');
}
