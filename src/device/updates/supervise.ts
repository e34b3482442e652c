/**
 * Runs the agent as a process of its own and changes its plan: the old agent finishes what is under way and leaves, a new one runs
 * the new plan on trial, and what does not come through makes way for what ran before. A fresh process each time, since a plan may take
 * its process down, and sessions of onnxruntime leak. No network is loaded here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CutlineError, type ErrorCode } from '../../errors.ts';
import { openNotifier } from '../../ops/index.ts';
import { afterTrial } from './after-trial.ts';
import { AgentProcess, type Ending } from './agent-process.ts';
import { Arrivals } from './arrivals.ts';
import { isOfThePlanItself } from './faults-of-plans.ts';
import { Mailbox } from './mailbox.ts';
import { type OpenUpdates, openUpdates } from './open-updates.ts';
import { confirmed, failed, type Known, unbegun } from './rollout.ts';
import { type Opened, Slots } from './slots.ts';
import { Successor } from './successor.ts';
import type { Slot, UpdateState } from './talk.ts';
import { Telling } from './telling.ts';
import type { Progress } from './trial.ts';
import { Watch } from './watch.ts';

export interface SuperviseOptions {
  readonly configPath: string;
  readonly set?: readonly string[] | undefined;
  readonly log: (line: string) => void;
  readonly stop: AbortSignal;
}

/** How the last agent ended. */
export interface Supervision {
  readonly exit: number;
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

/** Where nothing runs, a plan may be pushed that does; then whoever started us may try. */
const RESCUE_MS = 60_000;

/** Beside the time in which an agent gives up what is under way. */
const LEAVING_MS = 5000;

/** Until the agent ends for good. @throws CutlineError for what is wrong before there is one */
export async function superviseAgent(options: SuperviseOptions): Promise<Supervision> {
  const opened = await openUpdates(options.configPath, options.set ?? [], options.log);
  return new Supervisor(opened, options).run();
}

class Supervisor {
  readonly #open: OpenUpdates;
  readonly #log: (line: string) => void;
  readonly #stop: AbortSignal;
  readonly #slots: Slots;
  readonly #arrivals: Arrivals;
  readonly #successor: Successor;
  readonly #telling: Telling;
  readonly #notifier;
  #mailbox: Mailbox | undefined;
  #agent: AgentProcess | undefined;
  #running: { readonly planId: string; readonly watch: Watch } | undefined;
  #isFirst = true;
  #isReady = false;
  /** It is known which plan runs, or that none does. */
  #begin = () => {};
  readonly #begun = new Promise<void>((resolve) => {
    this.#begin = resolve;
  });
  #rescued: (() => void) | undefined;
  #complaint = '';

  constructor(opened: OpenUpdates, { log, stop }: SuperviseOptions) {
    this.#open = opened;
    this.#log = log;
    this.#stop = stop;
    this.#slots = new Slots({ ...opened, log });
    this.#successor = new Successor({ ...opened, log });
    this.#telling = new Telling({ device: opened.config.device, bootId: opened.bootId });
    this.#notifier = openNotifier({ env: process.env, log });
    this.#arrivals = new Arrivals({
      ...opened,
      isHere: (planId) => this.#running?.planId === planId || this.#successor.is(planId),
      onStaged: (known) => this.#staged(known),
      onNews: () => this.#tell(),
      log,
    });
  }

  async run(): Promise<Supervision> {
    const { config, folder } = this.#open;
    const leave = () => this.#agent?.leave(true);
    this.#stop.addEventListener('abort', leave, { once: true });
    try {
      const receive = async (payload: Buffer, signal: AbortSignal) => {
        // What runs is not taken for something new.
        await this.#begun;
        await this.#arrivals.receive(payload, signal);
      };
      this.#mailbox = await Mailbox.open({ ...config, folder, receive, log: this.#log });
      for (;;) {
        const opened = await this.#slots.next(this.#successor.mayTry);
        const end = opened ? await this.#run(opened) : await this.#rescue();
        if (end) return end;
      }
    } finally {
      this.#stop.removeEventListener('abort', leave);
      await this.#notifier?.stopping();
      await this.#mailbox?.close();
    }
  }

  /** One agent, from start to end. Undefined: another one follows. */
  async #run(opened: Opened): Promise<Supervision | undefined> {
    const { slot, plan } = opened;
    const { planId } = plan;
    const { updates } = this.#open;
    const watch = new Watch(slot.standing, updates.trial, performance.now());
    this.#running = { planId, watch };
    this.#begin();
    const look = async (progress: Progress) => {
      if (progress.ready && !this.#isReady) this.#notifier?.ready();
      this.#isReady ||= progress.ready;
      const next = watch.look(progress, this.#successor.isDue(planId, progress.waiting), performance.now());
      if (next === 'confirm') await this.#confirm(plan);
      else if (next === 'back') agent.leave(false);
      else if (next === 'hand-over') agent.leave(false, 1000 * updates.drainS);
    };
    const agent = this.#start(slot, look);
    this.#log(`agent ${agent.pid} runs plan ${planId}, ${inWords[slot.standing]}`);
    const ending = await agent.ended;
    this.#agent = undefined;
    const isOnTrial = watch.standing === 'trial';
    const isEnd = !(await (isOnTrial ? this.#afterTrial(opened, ending) : this.#after(opened, ending)));
    this.#tell();
    return isEnd ? { exit: ending.exit, failure: ending.failure } : undefined;
  }

  #start(slot: Slot, look: (progress: Progress) => Promise<void>): AgentProcess {
    // One look at a time: the disk may be slow.
    let isBusy = false;
    const agent = new AgentProcess({
      slot,
      update: this.#update(),
      isFirst: this.#isFirst,
      hangMs: 1000 * this.#open.updates.hangS,
      leavingMs: this.#open.config.timeoutMs + LEAVING_MS,
      onProgress: (progress) => {
        if (isBusy) return;
        isBusy = true;
        void look(progress)
          .catch((error: Error) => this.#complain(error.message))
          .finally(() => {
            isBusy = false;
            this.#tell();
          });
      },
      log: this.#log,
    });
    this.#agent = agent;
    this.#isFirst = false;
    if (this.#stop.aborted) agent.leave(true);
    return agent;
  }

  async #confirm(plan: Opened['plan']): Promise<void> {
    const { rollout, last } = this.#open;
    await rollout.change((r) => confirmed(r, new Date().toISOString()));
    this.#running?.watch.confirmed();
    this.#slots.forgive();
    this.#log(`plan ${plan.planId} is confirmed`);
    // Were it lost here, the agent's next start writes it.
    await last.record(plan);
    await this.#successor.take(this.#arrivals.fetching);
  }

  /** Whether another agent follows. */
  async #afterTrial({ plan }: Opened, ending: Ending): Promise<boolean> {
    const { rollout } = this.#open;
    const decision = afterTrial(ending, this.#running?.watch.problem, this.#stop.aborted);
    switch (decision.kind) {
      case 'failed': {
        const { planId, serial } = plan;
        const why = { ...decision, at: new Date().toISOString() };
        this.#log(`plan ${planId} has failed: ${decision.problem}`);
        await rollout.settle((r) => failed(r, { planId, serial }, why), this.#log);
        await this.#successor.take(this.#arrivals.fetching);
        return true;
      }
      case 'again':
        this.#slots.lastEnd = decision.how;
        this.#log(`plan ${plan.planId} ended in its trial: ${decision.how}`);
        await this.#successor.take(this.#arrivals.fetching);
        return true;
      case 'confirmed':
        await this.#confirm(plan);
        return false;
      case 'unsaid':
        await rollout.settle(unbegun, this.#log);
        return false;
      default:
        return decision satisfies never;
    }
  }

  /** The same, of one that is not on trial. */
  async #after(opened: Opened, { failure, left }: Ending): Promise<boolean> {
    if (this.#stop.aborted) return false;
    const wasAsked = this.#running?.watch.isAsked ?? false;
    if (failure && isOfThePlanItself(failure.code)) this.#slots.isBroken(opened, errorOf(failure));
    else if (wasAsked) this.#successor.handedOver(left?.waiting ?? 0);
    else return false;
    return true;
  }

  /** Nothing can run. A plan that is pushed now may. */
  async #rescue(): Promise<Supervision | undefined> {
    const { rollout } = this.#open;
    const { problem } = this.#slots;
    const { current, previous } = rollout.now;
    if (problem && !current && !previous) return { exit: problem.exit, failure: problem };
    const none = new CutlineError('UPDATE_NO_PLAN', { problem: problem?.message ?? '' });
    this.#log(`${none.message} Waiting for one for ${RESCUE_MS / 1000} s`);
    this.#running = undefined;
    this.#begin();
    this.#tell();
    const rescued = new Promise<void>((resolve) => {
      this.#rescued = resolve;
    });
    await Promise.race([rescued, sleep(RESCUE_MS, undefined, { signal: this.#stop }).catch(() => {})]);
    this.#rescued = undefined;
    return rollout.now.trial && !this.#stop.aborted ? undefined : { exit: none.exit, failure: none };
  }

  async #staged(known: Known): Promise<void> {
    this.#successor.arrived(known);
    if (this.#running?.watch.standing !== 'trial') await this.#successor.take(this.#arrivals.fetching);
    this.#tell();
    this.#rescued?.();
  }

  #update(): UpdateState {
    const { trial, last } = this.#open.rollout.now;
    const standing = this.#running?.watch.standing ?? 'fallback';
    return { standing, broken: this.#slots.broken, trial: trial?.planId ?? null, last: this.#arrivals.refused ?? last };
  }

  #tell(): void {
    const planId = this.#running?.planId ?? '';
    this.#telling.tell({ agent: this.#agent, mailbox: this.#mailbox, planId, update: this.#update() });
  }

  /** Once, however often. */
  #complain(line: string): void {
    if (line !== this.#complaint) this.#log(line);
    this.#complaint = line;
  }
}

const inWords = {
  factory: 'that of the configuration',
  current: 'which was confirmed',
  trial: 'on trial',
  fallback: 'to which it goes back',
} as const satisfies Record<Slot['standing'], string>;

/** In the words that the agent had for it. */
function errorOf({ code, message }: { readonly code: string; readonly message: string }): CutlineError {
  const error = new CutlineError(code as ErrorCode);
  error.message = message;
  return error;
}
