/**
 * Fetches a part over HTTP to a file: as many bytes as the plan says and not one more, held against its digest, going on where an
 * earlier try ended. Redirections are not followed: where a device goes is for its configuration to say.
 */
import { type FileHandle, open, rm, stat, statfs, truncate } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { dirname } from 'node:path';
import { CutlineError } from '../../errors.ts';
import { writeError } from '../../files.ts';
import { sha256OfFile } from './sha256-of-file.ts';

export interface Part {
  readonly sha256: string;
  readonly bytes: number;
}

export interface FetchOptions {
  readonly url: string;
  readonly token?: string | undefined;
  /** PEM. */
  readonly ca?: Buffer | undefined;
  /** Where it goes. What is there is the beginning of it, by an earlier try. */
  readonly path: string;
  /** Without a byte for so long the server is given up. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** The server has something else, or will not give it: asking again comes to the same, unless somebody does something there. */
export class Refused extends CutlineError {}

/** Left free on the disk, for results and everything else. */
const SPARE_BYTES = 16 * 2 ** 20;

/**
 * @throws CutlineError UPDATE_FETCH when it may work later, and then the file holds what came; `Refused`, PLAN_OTHER_FILE (the file is
 * gone) when it may not; OUTPUT_NOT_WRITABLE
 */
export async function fetchPart(part: Part, options: FetchOptions): Promise<void> {
  const { path } = options;
  let had = await sizeOf(path);
  if (had > part.bytes) {
    await rm(path, { force: true });
    had = 0;
  }
  if (had < part.bytes) {
    await requireRoom(path, part.bytes - had);
    await receive(part, had, options);
  }
  const found = await sha256OfFile(path);
  if (found === part.sha256) return;
  await rm(path, { force: true });
  throw new CutlineError('PLAN_OTHER_FILE', { part: 'head', wanted: part.sha256, found });
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (s) => s.size,
    () => 0,
  );

async function requireRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  const free = bavail * bsize;
  if (free >= bytes + SPARE_BYTES) return;
  const problem = `${free} bytes are free of the ${bytes} it needs and ${SPARE_BYTES} to spare`;
  throw new CutlineError('OUTPUT_NOT_WRITABLE', { path, problem });
}

async function receive(part: Part, had: number, options: FetchOptions): Promise<void> {
  const { url, path, signal } = options;
  const lost = (problem: string) => new CutlineError('UPDATE_FETCH', { url, problem });
  const response = await ask(had, options);
  const from = startOf(response, had, part, url);
  let file: FileHandle | undefined;
  let at = from;
  try {
    if (from < had) await truncate(path, from);
    file = await open(path, 'a', 0o600);
    for await (const chunk of response as AsyncIterable<Buffer>) {
      at += chunk.length;
      if (at > part.bytes)
        throw new Refused('UPDATE_FETCH', { url, problem: `it sends more than ${part.bytes} bytes` });
      await file.writeFile(chunk);
    }
    await file.sync();
  } catch (error) {
    if (error instanceof CutlineError) throw error;
    if (signal.aborted) throw new CutlineError('CANCELLED');
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    const isDisk = syscall === 'write' || syscall === 'open' || syscall === 'fsync' || syscall === 'ftruncate';
    // Of no use half, and in the way of everything else.
    if (isDisk) await rm(path, { force: true });
    throw isDisk && code !== 'EPIPE'
      ? writeError(path, error)
      : lost(`the connection was lost after ${at} bytes (${code ?? message})`);
  } finally {
    response.destroy();
    await file?.close();
  }
  if (at < part.bytes) throw lost(`it ended after ${at} of ${part.bytes} bytes`);
}

/** From which byte on the answer is. @throws Refused, CutlineError UPDATE_FETCH */
function startOf({ statusCode = 0, headers }: IncomingMessage, had: number, part: Part, url: string): number {
  const final = (problem: string) => new Refused('UPDATE_FETCH', { url, problem });
  if (statusCode >= 300 && statusCode < 400) throw final('it sends the device elsewhere, where it does not go');
  const isPassing = statusCode >= 500 || [408, 425, 429].includes(statusCode);
  if (isPassing) throw new CutlineError('UPDATE_FETCH', { url, problem: `it answered ${statusCode}` });
  const [, first] = /^bytes (\d+)-/.exec(headers['content-range'] ?? '') ?? [];
  const isRest = statusCode === 206 && Number(first) === had;
  if (statusCode !== 200 && !isRest) throw final(`it answered ${statusCode}`);
  const start = isRest ? had : 0;
  const length = headers['content-length'];
  if (length !== undefined && Number(length) !== part.bytes - start)
    throw final(`it has ${length} bytes, not the ${part.bytes - start} of the plan`);
  return start;
}

function ask(had: number, { url, token, ca, idleMs, signal }: FetchOptions): Promise<IncomingMessage> {
  const lost = (problem: string) => new CutlineError('UPDATE_FETCH', { url, problem });
  const headers = {
    'Accept-Encoding': 'identity',
    ...(had > 0 && { Range: `bytes=${had}-` }),
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const isTls = url.startsWith('https:');
    const common = { headers, signal, agent: false as const, maxHeaderSize: 16_384 };
    const asked = isTls ? httpsRequest(url, { ...common, ...(ca && { ca }) }) : httpRequest(url, common);
    // Of the connection, too, and of each silence while the body comes.
    asked.setTimeout(idleMs, () => asked.destroy(Object.assign(new Error('silence'), { code: 'ETIMEDOUT' })));
    asked.once('response', resolve);
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(new CutlineError('CANCELLED'));
      else if (error.code === 'ETIMEDOUT') reject(lost(`not a word for ${idleMs / 1000} s`));
      else reject(lost(error.code ?? error.message));
    });
    asked.end();
  });
}
