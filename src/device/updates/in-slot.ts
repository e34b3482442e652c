import type { AgentConfig } from '../config.ts';
import type { Slot } from './talk.ts';

/** The configuration of an agent that runs another plan than the one it names. */
export const inSlot = (config: AgentConfig, slot: Pick<Slot, 'plan'> | undefined): AgentConfig =>
  slot?.plan === undefined ? config : { ...config, plan: slot.plan, head: undefined };
