/** Lines into a FIFO: whoever reads it gets them as they come, and the agent is as slow as its reader. */
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CutlineError } from '../../errors.ts';
import { writeError } from '../../files.ts';
import { inTurn, type Lines } from './append.ts';

const LOOK_MS = 100;
const PATIENCE_MS = 5000;

/**
 * Waits until somebody reads it. Opening it the plain way would wait in a thread that nothing can call back.
 * @throws CutlineError OUTPUT_NOT_WRITABLE; CANCELLED when `stop` aborts
 */
export async function writeFifo(path: string, log: (line: string) => void, stop: AbortSignal): Promise<Lines> {
  const socket = new Socket({ fd: await opened(path, log, stop), readable: false, writable: true });
  let failure: unknown;
  socket.on('error', (error) => (failure ??= error));
  // A reader that has stopped reading must not hold up the end for ever.
  const giveUp = () =>
    void setTimeout(() => socket.destroy(new Error('its reader does not read')), PATIENCE_MS).unref();
  stop.addEventListener('abort', giveUp, { once: true });
  const write = (text: string) =>
    new Promise<void>((done, failed) => {
      if (failure !== undefined) failed(failure);
      else socket.write(text, (error) => (error ? failed(error) : done()));
    });
  const end = () =>
    new Promise<void>((done) => {
      stop.removeEventListener('abort', giveUp);
      if (socket.destroyed) return done();
      socket.once('close', () => done());
      socket.end(() => socket.destroy());
    });
  return inTurn(path, write, end);
}

/** @returns the descriptor */
async function opened(path: string, log: (line: string) => void, stop: AbortSignal): Promise<number> {
  for (let looks = 0; ; looks++) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      // Nobody has it open for reading.
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw writeError(path, error);
    }
    if (looks === 0) log(`${path} is a FIFO; waiting for somebody to read it`);
    await sleep(LOOK_MS, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) throw new CutlineError('CANCELLED');
  }
}
