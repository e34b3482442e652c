/** New plans from afar: fetched, tried in a process of their own, confirmed or rolled back. */
export { readAgentConfig } from '../config.ts';
export { claimAgent } from './alone.ts';
export { checkResults } from './check-updates.ts';
export { drained } from './drained.ts';
export { inSlot } from './in-slot.ts';
export { readUpdateFiles } from './open-updates.ts';
export { type UpdatesSettings, updatesSchema } from './settings.ts';
export { superviseAgent } from './supervise.ts';
export { type Supervised, supervised } from './supervised.ts';
