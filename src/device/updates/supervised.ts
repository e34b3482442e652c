/** An agent that has a supervisor: which plan it runs, what it tells, and when it leaves. */
import { CutlineError } from '../../errors.ts';
import type { Recorder } from '../recorder.ts';
import type { Store } from '../store/index.ts';
import type { Uplink } from '../uplink.ts';
import { type FromAgent, type Slot, SUPERVISED, type ToAgent, type UpdateState } from './talk.ts';

/** What a running agent lets be looked at. */
export interface Running {
  readonly recorder: Pick<Recorder, 'total' | 'underWay' | 'faults' | 'fault'>;
  /** Null where the plan keeps everything on the device. */
  readonly uplink: Pick<Uplink, 'isConnected' | 'announce'> | null;
  readonly store: Pick<Store, 'counts'> | undefined;
}

export interface Supervised {
  readonly slot: Slot;
  readonly update: UpdateState;
  /** The first agent of this supervisor: what the command says about results that are there is for it alone. */
  readonly isFirst: boolean;
  /** Aborts when it shall leave. */
  readonly stop: AbortSignal;
  /** Whether another plan runs after it, so that standard output is not its own. */
  readonly isRelieved: boolean;
  /** How long what is under way has; undefined: as always. */
  readonly drainMs: number | undefined;
  /** From when the head is loaded. */
  follow(running: Running): void;
  /** The last word. */
  left(): void;
  failed(error: unknown): void;
}

const ALIVE_MS = 500;

/** Undefined for an agent of its own. */
export async function supervised(signal: AbortSignal): Promise<Supervised | undefined> {
  if (process.env[SUPERVISED] === undefined || !process.send) return undefined;
  const leave = new AbortController();
  let running: Running | undefined;
  let update: UpdateState | undefined;
  let [isRelieved, drainMs] = [false, undefined as number | undefined];
  const say = (message: FromAgent) => process.connected && process.send?.(message);
  let begin: (told: Extract<ToAgent, { kind: 'go' }> | undefined) => void;
  const begun = new Promise<Extract<ToAgent, { kind: 'go' }> | undefined>((resolve) => {
    begin = resolve;
  });
  process.on('message', (message: ToAgent) => {
    switch (message.kind) {
      case 'go':
        return begin(message);
      case 'leave':
        [isRelieved, drainMs] = [!message.forGood, message.drainMs];
        return leave.abort();
      case 'tell':
        update = message.update;
        return running?.uplink?.announce({ update });
      default:
        return message satisfies never;
    }
  });
  // Without a supervisor nobody knows what runs; the next one waits until this agent is gone.
  process.once('disconnect', () => {
    leave.abort();
    begin(undefined);
  });
  say({ kind: 'hello' });
  const told = await begun;
  if (!told) throw new CutlineError('CANCELLED');
  update ??= told.update;
  process.channel?.unref();
  const alive = () => say({ kind: 'alive', ...progressOf(running) });
  setInterval(alive, ALIVE_MS).unref();
  const stop = AbortSignal.any([signal, leave.signal]);
  return {
    slot: told.slot,
    update: told.update,
    isFirst: told.isFirst,
    stop,
    get isRelieved() {
      return isRelieved;
    },
    get drainMs() {
      return drainMs;
    },
    follow(one) {
      running = one;
      if (update !== told.update) one.uplink?.announce({ update });
      say({ kind: 'ready', tells: one.uplink !== null });
      alive();
    },
    left() {
      const { recorder, store } = running ?? {};
      say({
        kind: 'left',
        wasStopped: stop.aborted,
        answered: recorder?.total.answered ?? 0,
        faults: recorder?.faults ?? 0,
        waiting: store?.counts.waiting ?? 0,
      });
    },
    failed(error) {
      const { code = 'INTERNAL', message, exit = 1 } = error as Partial<CutlineError> & Error;
      say({ kind: 'failed', code: error instanceof CutlineError ? code : 'INTERNAL', message, exit });
    },
  };
}

function progressOf(running: Running | undefined) {
  const { recorder, uplink, store } = running ?? {};
  return {
    ready: running !== undefined,
    connected: uplink === null || (uplink?.isConnected ?? false),
    asking: (recorder?.underWay ?? 0) > 0 || (store?.counts.waiting ?? 0) > 0,
    waiting: store?.counts.waiting ?? 0,
    answered: recorder?.total.answered ?? 0,
    faults: recorder?.faults ?? 0,
    fault: recorder?.fault,
  };
}
