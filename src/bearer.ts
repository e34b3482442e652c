/** Requests that carry a token. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether the `Authorization:` header says `Bearer TOKEN`. Takes as long whatever is wrong with it. */
export function bearsToken(header: string | undefined, token: string): boolean {
  return isToken(/^Bearer +(.*?) *$/i.exec(header ?? '')?.[1] ?? '', token);
}

/** Takes as long whatever is wrong with it. */
export function isToken(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
