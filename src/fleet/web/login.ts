/** The form with the token: read within bounds, and slow for who guesses. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isToken } from '../../bearer.ts';

const MOST_BYTES = 4096;
/** What a wrong one waits, and how many wrong ones wait at once; more are refused unlooked at. */
const WRONG_MS = 500;
const MOST_WRONG = 8;

/** `busy`: too many wrong ones at once. */
export type Outcome = 'right' | 'wrong' | 'busy' | 'malformed';

export function loginWith(token: string): (request: IncomingMessage) => Promise<Outcome> {
  let wrong = 0;
  return async (request) => {
    const given = await tokenIn(request);
    if (given === undefined) return 'malformed';
    if (isToken(given, token)) return 'right';
    if (wrong >= MOST_WRONG) return 'busy';
    wrong++;
    await sleep(WRONG_MS, undefined, { ref: false });
    wrong--;
    return 'wrong';
  };
}

/** Undefined where it is no such form. */
async function tokenIn(request: IncomingMessage): Promise<string | undefined> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '')) return undefined;
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of request) {
      bytes += (part as Buffer).length;
      if (bytes > MOST_BYTES) return undefined;
      parts.push(part as Buffer);
    }
  } catch {
    return undefined;
  }
  return new URLSearchParams(Buffer.concat(parts).toString('utf8')).get('token')?.trim() ?? undefined;
}
