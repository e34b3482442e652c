/** The plan of a slot and its head, held against each other before an agent is started on them. */
import { dirname, resolve } from 'node:path';
import { openPlan, type Plan, type Protocol, verifyPlan } from '../../plan/index.ts';
import type { AgentConfig } from '../config.ts';
import { inSlot } from './in-slot.ts';
import { sha256OfFile } from './sha256-of-file.ts';
import type { Slot } from './talk.ts';

/** @throws CutlineError what an agent would throw of them, but for the network in them */
export async function checkFilesOf(slot: Slot, config: AgentConfig, folder: string, protocol: Protocol): Promise<Plan> {
  const settings = inSlot(config, slot);
  const { plan, path } = await openPlan(settings, folder, Date.now, slot.serials);
  const head = settings.head === undefined ? undefined : resolve(folder, settings.head);
  const headSha256 = plan.head && (await sha256OfFile(head ?? resolve(dirname(path), plan.head.file)));
  verifyPlan(plan, { protocol, ...(headSha256 && { headSha256 }) });
  return plan;
}
