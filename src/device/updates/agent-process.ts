/** The agent as a process of its own: started on a plan, listened to, asked to leave, ended where it does not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { type FromAgent, type Slot, SUPERVISED, type ToAgent, type UpdateState } from './talk.ts';
import type { Progress } from './trial.ts';

/** How it ended. */
export interface Ending {
  readonly exit: number;
  /** It was killed, by us or another. */
  readonly signal: NodeJS.Signals | null;
  /** It was killed since it gave no sign of life. */
  readonly hung: boolean;
  /** In its own words, where it had some. */
  readonly failure: Extract<FromAgent, { kind: 'failed' }> | undefined;
  readonly left: Extract<FromAgent, { kind: 'left' }> | undefined;
}

export interface AgentOptions {
  readonly slot: Slot;
  readonly update: UpdateState;
  readonly isFirst: boolean;
  /** Without a word for so long it is killed. */
  readonly hangMs: number;
  /** From being asked to leave to being killed, beside what it was given to drain. */
  readonly leavingMs: number;
  readonly onProgress: (progress: Progress) => void;
  readonly log: (line: string) => void;
}

const GRACE_MS = 1000;
/** 128 and more: ended by a signal, as a shell says it. */
const SIGNALLED = 128;
const numbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

export class AgentProcess {
  readonly #child: ChildProcess;
  readonly #options: AgentOptions;
  #hung = false;
  #failure: Ending['failure'];
  #left: Ending['left'];
  #leaving: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  /** Whether it says the device's state itself; undefined before it is ready. */
  tells: boolean | undefined;
  readonly ended: Promise<Ending>;

  /** The same command with the same arguments. */
  constructor(options: AgentOptions) {
    this.#options = options;
    this.#child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      env: ofAnAgent(process.env),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: FromAgent) => this.#hear(message));
    this.ended = new Promise((resolve) => {
      const end = (exit: number, signal: NodeJS.Signals | null) => {
        clearTimeout(this.#leaving);
        clearTimeout(this.#silence);
        resolve({ exit, signal, hung: this.#hung, failure: this.#failure, left: this.#left });
      };
      this.#child.once('error', (error) => {
        options.log(`the agent cannot be started: ${error.message}`);
        if (this.#child.pid === undefined) end(1, null);
      });
      this.#child.once('exit', (code, signal) =>
        end(code ?? SIGNALLED + (signal ? (numbers[signal] ?? 0) : 0), signal),
      );
    });
    this.#listen();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  tell(update: UpdateState): void {
    this.#say({ kind: 'tell', update });
  }

  /** @param drainMs for what is under way; undefined: as an agent that is stopped */
  leave(forGood: boolean, drainMs?: number): void {
    this.#say({ kind: 'leave', forGood, drainMs });
    this.#leaving ??= setTimeout(() => this.kill(), (drainMs ?? 0) + this.#options.leavingMs);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #hear(message: FromAgent): void {
    this.#listen();
    switch (message.kind) {
      case 'hello': {
        const { slot, update, isFirst } = this.#options;
        this.#say({ kind: 'go', slot, update, isFirst });
        break;
      }
      case 'ready':
        this.tells = message.tells;
        break;
      case 'alive':
        this.#options.onProgress(message);
        break;
      case 'left':
        this.#left = message;
        break;
      case 'failed':
        this.#failure = message;
        break;
      default:
        message satisfies never;
    }
  }

  #say(message: ToAgent): void {
    // It may be ending: then there is nobody to hear it.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #listen(): void {
    const { hangMs, log } = this.#options;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      // Where the whole machine slept, its words may be waiting to be heard.
      this.#silence = setTimeout(() => {
        log(`agent ${this.pid} gives no sign of life for ${hangMs / 1000} s and is ended`);
        this.#hung = true;
        this.kill();
      }, GRACE_MS);
    }, hangMs);
  }
}

/** What systemd is told is for the supervisor to tell: an agent comes and goes. */
function ofAnAgent(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, ...rest } = env;
  return { ...rest, [SUPERVISED]: '1' };
}
