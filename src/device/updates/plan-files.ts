/** The plan of a slot and the heads of its routes, held against each other before an agent is started on them. */
import { openPlan, type Plan, type Protocol, verifyPlan } from '../../plan/index.ts';
import type { AgentConfig } from '../config.ts';
import { headFiles } from '../head-files.ts';
import { inSlot } from './in-slot.ts';
import { sha256OfFile } from './sha256-of-file.ts';
import type { Slot } from './talk.ts';

/** @throws CutlineError what an agent would throw of them, but for the network in them */
export async function checkFilesOf(slot: Slot, config: AgentConfig, folder: string, protocol: Protocol): Promise<Plan> {
  const settings = inSlot(config, slot);
  const { plan, path } = await openPlan(settings, folder, Date.now, slot.serials);
  verifyPlan(plan, { protocol });
  for (const { route, path: head } of headFiles(settings, folder, plan, path))
    if (head !== undefined) verifyPlan(route, { headSha256: await sha256OfFile(head) });
  return plan;
}
