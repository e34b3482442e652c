/** Documents from files and wires are hostile until a schema has accepted them. */
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { CutlineError, type ErrorCode } from './errors.ts';
import { readBounded } from './files.ts';

/** At most this many faults are named in one message. */
const MAX_FAULTS = 5;
/** Characters that are shown of a key, or of the path to one. */
const MAX_KEY = 120;
const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;

export interface DocumentOptions {
  /** Thrown with `{path, problem}` when the document is not text of its kind or the schema refuses it. */
  readonly code: ErrorCode;
  /** Larger files are refused unread. Default 4 MB. */
  readonly maxBytes?: number;
  /** What lies over the document before it is checked, as a configuration's environment does. */
  readonly over?: (value: unknown) => Overlaid;
}

/** A value, and where parts of it came from that are not in the file, by their path: `broker.url` → `CUTLINE_BROKER_URL`. */
export interface Overlaid {
  readonly value: unknown;
  readonly origins: ReadonlyMap<string, string>;
}

/** Reads a JSON or YAML file and checks it. @throws CutlineError FILE_NOT_FOUND, FILE_TOO_LARGE, or `code` with the faults and where they are. */
export async function readDocument<S extends z.ZodType>(
  path: string,
  schema: S,
  options: DocumentOptions,
): Promise<z.output<S>> {
  const text = (await readBounded(path, options.maxBytes ?? DEFAULT_MAX_BYTES)).toString('utf8');
  let value: unknown;
  try {
    // YAML 1.2 contains JSON; JSON.parse is faster and its messages name the position. Aliases are bounded against "billion laughs".
    value = path.endsWith('.json') ? JSON.parse(text) : parseYaml(text, { maxAliasCount: 50 });
  } catch (cause) {
    throw new CutlineError(options.code, { path, problem: (cause as Error).message.split('\n')[0]! }, { cause });
  }
  const { value: whole, origins } = options.over?.(value) ?? { value, origins: undefined };
  return check(whole, schema, path, options.code, origins);
}

/** The schema's value, or an error that names every wrong or unknown key by its path. `path` says where the value came from. */
export function check<S extends z.ZodType>(
  value: unknown,
  schema: S,
  path: string,
  code: ErrorCode,
  origins: Overlaid['origins'] = new Map(),
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => fault(issue, origins));
  const shown = faults.slice(0, MAX_FAULTS).join('; ');
  throw new CutlineError(code, {
    path,
    problem: faults.length > MAX_FAULTS ? `${shown}; and ${faults.length - MAX_FAULTS} more` : shown,
  });
}

/** On one line, since keys are whatever somebody wrote. */
const short = (key: string): string => {
  const line = key.replace(/[\n\t]/g, '\ufffd');
  return line.length > MAX_KEY ? `${line.slice(0, MAX_KEY)}…` : line;
};

function fault(issue: z.core.$ZodIssue, origins: Overlaid['origins']): string {
  const where = short(issue.path.map(String).join('.'));
  const origin = originOf(issue.path.map(String), origins);
  const from = origin === undefined ? '' : `${origin}, `;
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.slice(0, MAX_FAULTS).map((k) => (where ? `${where}.${short(k)}` : short(k)));
    const more = issue.keys.length > MAX_FAULTS ? ` and ${issue.keys.length - MAX_FAULTS} more` : '';
    return `${from}${keys.join(', ')}${more}: unknown key`;
  }
  return `${from}${where || 'document'}: ${issue.message.replace(/^Invalid input: /, '')}`;
}

/** Of the value there, or of what it is part of. */
function originOf(path: readonly string[], origins: Overlaid['origins']): string | undefined {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(path.slice(0, length).join('.'));
    if (origin !== undefined) return origin;
  }
  return undefined;
}
