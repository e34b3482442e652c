/** The device's state for whoever watches: by way of the agent, where there is one that says it, else by the mailbox. */
import { stateMessage } from '../state-message.ts';
import type { AgentProcess } from './agent-process.ts';
import type { Mailbox } from './mailbox.ts';
import type { UpdateState } from './talk.ts';

export interface Told {
  readonly agent: AgentProcess | undefined;
  readonly mailbox: Mailbox | undefined;
  /** Of what runs; '' when nothing does. */
  readonly planId: string;
  readonly update: UpdateState;
}

export class Telling {
  readonly #who: { readonly device: string; readonly bootId: string };
  #last = '';

  constructor(who: { readonly device: string; readonly bootId: string }) {
    this.#who = who;
  }

  /** When anything is new. */
  tell({ agent, mailbox, planId, update }: Told): void {
    const isSilent = !agent || agent.tells === false;
    const state = stateMessage(agent ? 'online' : 'offline', { ...this.#who, planId, update });
    const key = `${agent?.pid} ${agent?.tells} ${state}`;
    if (key === this.#last) return;
    this.#last = key;
    mailbox?.tell(isSilent ? state : undefined);
    if (!isSilent) agent.tell(update);
  }
}
