/** Requests: whether they may ask, and what they bring, within bounds. */
import type { IncomingMessage } from 'node:http';
import { bearsToken } from '../../bearer.ts';
import { CutlineError } from '../../errors.ts';
import { hostOf, isLoopback } from '../../loopback.ts';

export interface RequestRules {
  readonly host: string;
  readonly token: string | undefined;
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
}

/** What is wrong with it before its body is looked at; undefined when nothing is. */
export function wrongWith(request: IncomingMessage, rules: RequestRules): CutlineError | undefined {
  const { token, maxBodyBytes: limit } = rules;
  const { method = '', url = '', headers } = request;
  const path = url.split('?', 1)[0];
  if (path !== '/infer') return new CutlineError('REQUEST_PATH', { path: JSON.stringify(path) });
  if (method !== 'POST') return new CutlineError('REQUEST_METHOD', { method });
  if (token !== undefined) {
    if (!bearsToken(headers.authorization, token)) return new CutlineError('REQUEST_UNAUTHORIZED');
  } else if (headers.origin !== undefined || !isLoopback(hostOf(headers.host))) {
    // A page in a browser on this machine reaches loopback, too, also under a name of its own (DNS rebinding).
    return new CutlineError('REQUEST_FOREIGN');
  }
  const bytes = Number(headers['content-length'] ?? 0);
  if (bytes > limit) return new CutlineError('REQUEST_TOO_LARGE', { limit });
  return undefined;
}

/** @throws CutlineError REQUEST_TOO_LARGE, REQUEST_SLOW, REQUEST_INVALID when it has none or ends early */
export async function bodyOf(request: IncomingMessage, rules: RequestRules): Promise<Buffer> {
  const { maxBodyBytes: limit, bodyTimeoutMs: timeoutMs } = rules;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const body = await new Promise<Buffer>((resolve, reject) => {
    const fail = (error: CutlineError) => {
      chunks.length = 0;
      request.removeAllListeners('data');
      reject(error);
    };
    const timer = setTimeout(() => fail(new CutlineError('REQUEST_SLOW', { timeoutMs })), timeoutMs);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limit) fail(new CutlineError('REQUEST_TOO_LARGE', { limit }));
      else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    const early = () => fail(new CutlineError('REQUEST_INVALID', { problem: 'it ended before its body did' }));
    request.once('error', early);
    request.once('close', () => {
      clearTimeout(timer);
      early();
    });
  });
  if (body.length === 0) throw new CutlineError('REQUEST_INVALID', { problem: 'its body, the picture, is empty' });
  return body;
}
