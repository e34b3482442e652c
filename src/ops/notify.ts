/**
 * What systemd is told (sd_notify(3)): that the start is done, that the process is alive, that it ends. Node has no datagram
 * sockets of the local kind, so `systemd-notify`, which comes with systemd, says it; the unit needs NotifyAccess=all for that.
 */
import { execFile } from 'node:child_process';

export interface Notifier {
  ready(): void;
  /** Resolves when it was said. */
  stopping(): Promise<void>;
}

export interface NotifyOptions {
  /** NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID count. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (line: string) => void;
}

const SAY_MS = 5000;
/** Signs of life within the time after which systemd takes it for dead. */
const SIGNS = 3;

/** Undefined where nobody listens. */
export function openNotifier({ env, log }: NotifyOptions): Notifier | undefined {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, PATH } = env;
  if (!NOTIFY_SOCKET) return undefined;
  let isHeard = true;
  const say = (word: string) =>
    new Promise<void>((resolve) => {
      const options = { env: { NOTIFY_SOCKET, PATH }, timeout: SAY_MS };
      execFile('systemd-notify', [word], options, (error) => {
        // Once: signs of life come every few seconds.
        if (error && isHeard)
          log(`systemd was not told ${word}: ${(error as NodeJS.ErrnoException).code ?? error.message}`);
        isHeard = !error;
        resolve();
      });
    });
  const isWatched = WATCHDOG_PID === undefined || WATCHDOG_PID === String(process.pid);
  const withinMs = isWatched ? Number(WATCHDOG_USEC ?? 0) / 1000 : 0;
  // Of the event loop: a process that hangs gives none.
  const signs = withinMs > 0 ? setInterval(() => void say('WATCHDOG=1'), withinMs / SIGNS).unref() : undefined;
  return {
    ready: () => void say('READY=1'),
    async stopping() {
      clearInterval(signs);
      await say('STOPPING=1');
    },
  };
}
