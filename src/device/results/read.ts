/**
 * A results file that is there already: what it has answered, and how far it is whole. An append that was interrupted leaves a
 * torn last line; a power cut may leave zeros. Whatever else is no result is somebody else's file, and is left alone.
 */
import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { CutlineError } from '../../errors.ts';
import { readError } from '../../files.ts';
import { Recent } from '../../recent.ts';
import { Done } from './done.ts';

/** As far as a line must be understood to go on from it. */
const lineSchema = z.object({
  index: z.int().min(0),
  image: z.string(),
  sha256: z.string().optional(),
  planId: z.string().optional(),
  id: z.string().optional(),
  error: z.object({ code: z.string() }).optional(),
});

export interface Earlier {
  readonly done: Done;
  /** Bytes up to the end of the last whole line; what follows is torn. */
  readonly wholeBytes: number;
  readonly tornBytes: number;
  /** The last line is whole but for its end. */
  readonly lacksNewline: boolean;
  readonly lines: number;
  /** Answers of other plans among them. */
  readonly foreign: number;
  /** Ids of the last answers that waited on the disk: those whose answer may have been written and not been crossed out. */
  readonly ids: Pick<Recent<string>, 'has'>;
  /** One more than the highest index. */
  readonly nextIndex: number;
}

/** Longer than any line with the outputs of a network. */
const MAX_LINE_BYTES = 256 << 20;
/** More than lanes can be under way at once. */
const LAST_IDS = 1024;
const BEGINNING = '{"index":';

/** @throws CutlineError RESULTS_OTHER, FILE_UNREADABLE */
export async function readEarlier(path: string, planIds: ReadonlySet<string> | undefined): Promise<Earlier> {
  const done = new Done();
  const ids = new Recent<string>(LAST_IDS);
  let [lines, foreign, nextIndex, wholeBytes] = [0, 0, 0, 0];
  const take = (line: Buffer): boolean => {
    const found = parsed(line);
    if (!found) return false;
    lines++;
    nextIndex = Math.max(nextIndex, found.index + 1);
    if (found.id !== undefined) ids.add(found.id);
    if (found.error) return true;
    if (planIds !== undefined && (found.planId === undefined || !planIds.has(found.planId))) foreign++;
    else if (found.sha256 !== undefined) done.add({ image: found.image, sha256: found.sha256 });
    return true;
  };
  const other = (problem: string) => new CutlineError('RESULTS_OTHER', { path, line: lines + 1, problem });
  let [parts, partBytes] = [[] as Buffer[], 0];
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        const line = Buffer.concat([...parts, chunk.subarray(from, end)]);
        if (!take(line)) throw other('not a line that an agent writes');
        wholeBytes += line.length + 1;
        [parts, partBytes, from] = [[], 0, end + 1];
      }
      parts.push(chunk.subarray(from));
      partBytes += chunk.length - from;
      if (partBytes > MAX_LINE_BYTES) throw other(`longer than ${MAX_LINE_BYTES} bytes`);
    }
  } catch (error) {
    throw readError(path, error);
  }
  const rest = Buffer.concat(parts);
  const isWhole = rest.length > 0 && take(rest);
  if (!isWhole && !isTorn(rest)) throw other('not a line that an agent writes');
  return {
    done,
    wholeBytes: wholeBytes + (isWhole ? rest.length : 0),
    tornBytes: isWhole ? 0 : rest.length,
    lacksNewline: isWhole,
    lines,
    foreign,
    nextIndex,
    ids,
  };
}

function parsed(line: Buffer): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** The beginning of such a line, or zeros that a file system left in its place. */
function isTorn(rest: Buffer): boolean {
  const text = rest.subarray(0, BEGINNING.length).toString('latin1').replace(/\0+$/, '');
  return BEGINNING.startsWith(text) && (text.length === BEGINNING.length || isZero(rest.subarray(text.length)));
}

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);
