/** The configuration of an agent as a bundle carries it, and the files it names that are no secrets. */

import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, relative, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { CutlineError } from '../errors.ts';

export interface BundledConfig {
  /** Of agent.yaml, with comments. */
  readonly text: string;
  /** Files that go along: where they lie here, and relative to agent.yaml. */
  readonly files: readonly { readonly from: string; readonly to: string }[];
  /** Secrets that the device needs and a bundle does not carry, as the configuration names them. */
  readonly secrets: readonly string[];
}

/** Settings that name a file that only its owner may read. */
const secretKeys = new Set(['passwordFile', 'keyFile', 'tokenFile', 'messageKeys']);
/** Settings that name other files that are read. */
const openKeys = new Set(['caFile', 'certFile', 'planKeys', 'card']);

/**
 * @param plan where plan and the heads of its routes lie here; they become `plan.json` and the heads beside it
 * @throws CutlineError CONFIG_INVALID for a file that has no place in a bundle
 */
export async function bundledConfig(
  path: string,
  plan: { readonly path: string; readonly heads: readonly { readonly path: string; readonly file: string }[] },
): Promise<BundledConfig> {
  const document = parseDocument(await readFile(path, 'utf8'));
  document.set('plan', 'plan.json');
  document.delete('head');
  const files = [{ from: plan.path, to: 'plan.json' }, ...plan.heads.map(({ path: from, file: to }) => ({ from, to }))];
  const secrets: string[] = [];
  const folder = dirname(resolve(path));
  const settings = document.toJS() as Record<string, unknown>;
  for (const { key, value } of named(settings)) {
    if (secretKeys.has(key)) secrets.push(value);
    else if (openKeys.has(key)) files.push({ from: resolve(folder, value), to: inside(path, key, value) });
  }
  const { protocol } = settings;
  if (typeof protocol === 'string' && /[/\\]|\.(ya?ml|json)$/.test(protocol)) {
    files.push({ from: resolve(folder, protocol), to: inside(path, 'protocol', protocol) });
  }
  return { text: document.toString(), files, secrets: [...new Set(secrets)] };
}

/** On the device it lies as it lies here. */
function inside(path: string, key: string, value: string): string {
  const to = normalize(value);
  if (!isAbsolute(to) && !relative('.', join('.', to)).startsWith('..')) return to;
  const problem = `${key}: ${value} is not below the folder of the configuration, so that it has no place in a bundle; copy it there`;
  throw new CutlineError('CONFIG_INVALID', { path, problem });
}

/** Every text in it with the key that it is under. */
function* named(value: unknown, key = ''): Generator<{ key: string; value: string }> {
  if (typeof value === 'string') yield { key, value };
  else if (Array.isArray(value)) for (const one of value) yield* named(one, key);
  else if (typeof value === 'object' && value !== null)
    for (const [name, one] of Object.entries(value)) yield* named(one, name);
}
