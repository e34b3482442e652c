/**
 * One schema for file, environment and flags: `broker.url` of the file is `CUTLINE_BROKER_URL` and `--set broker.url=…`. A flag
 * counts more than the environment, that more than the file, that more than the default.
 */
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { CutlineError } from '../errors.ts';
import type { Overlaid } from '../validate.ts';
import { nearest } from './nearest.ts';
import { type SettingPath, settingPaths } from './setting-paths.ts';

export interface Overrides {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `PATH=VALUE`, as given to --set. */
  readonly set: readonly string[];
}

const PREFIX = 'CUTLINE_';
/** Of other parts of the program; no settings. */
const others = new Set(['CUTLINE_TFJS', 'CUTLINE_PYTHON', 'CUTLINE_SHARED', 'CUTLINE_SUPERVISED']);

/** `broker.passwordFile` → `CUTLINE_BROKER_PASSWORD_FILE` */
export const variableOf = (path: readonly string[]): string =>
  PREFIX + path.map((key) => key.replaceAll(/[A-Z]/g, (c) => `_${c}`).toUpperCase()).join('_');

/**
 * A document with environment and flags laid over it, for `readDocument`.
 * @throws CutlineError CONFIG_INVALID for a variable that is no setting, USAGE for such a flag
 */
export function overlay(schema: z.ZodType, path: string, { env, set }: Overrides): (value: unknown) => Overlaid {
  return (document) => {
    const known = settingPaths(schema);
    const origins = new Map<string, string>();
    // Of its own: what was read stays as it is.
    let value = structuredClone(document);
    const lay = (setting: SettingPath, text: string, origin: string) => {
      value = withValue(value, setting.path, readAs(setting, text));
      origins.set(setting.path.join('.'), origin);
    };
    for (const { setting, text, name } of fromEnvironment(known, env, path)) lay(setting, text, name);
    for (const { setting, text } of fromFlags(known, set)) lay(setting, text, '--set');
    return { value, origins };
  };
}

function fromEnvironment(known: ReadonlyMap<string, SettingPath>, env: Overrides['env'], path: string) {
  const byVariable = new Map([...known.values()].map((setting) => [variableOf(setting.path), setting]));
  const given = Object.keys(env).filter((name) => name.startsWith(PREFIX) && !others.has(name));
  // What is whole before its parts.
  return given.sort().map((name) => {
    const setting = byVariable.get(name);
    if (setting) return { setting, text: env[name]!, name };
    const problem = `environment variable ${name}: no such setting; near it: ${nearest(name, byVariable.keys())}`;
    throw new CutlineError('CONFIG_INVALID', { path, problem });
  });
}

function fromFlags(known: ReadonlyMap<string, SettingPath>, set: Overrides['set']) {
  return set.map((flag) => {
    const at = flag.indexOf('=');
    if (at < 1)
      throw new CutlineError('USAGE', { problem: `--set ${flag}: expected PATH=VALUE, as broker.url=mqtt://…` });
    const name = flag.slice(0, at);
    const setting = known.get(name);
    if (setting) return { setting, text: flag.slice(at + 1) };
    const problem = `--set ${name}: no such setting; near it: ${nearest(name, known.keys())}`;
    throw new CutlineError('USAGE', { problem });
  });
}

/** Text that is no YAML is the schema's to refuse. */
function readAs({ isText }: SettingPath, text: string): unknown {
  if (isText) return text;
  try {
    return parseYaml(text, { maxAliasCount: 50 });
  } catch {
    return text;
  }
}

/** A value that is no object where one is needed is the schema's to refuse. */
function withValue(whole: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (whole !== undefined && whole !== null && (typeof whole !== 'object' || Array.isArray(whole))) return whole;
  const object = (whole ?? {}) as Record<string, unknown>;
  return { ...object, [key]: withValue(object[key], rest, value) };
}
