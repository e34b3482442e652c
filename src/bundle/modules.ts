/** Which of our compiled files an agent needs, and which packages they import. */

import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

export interface Modules {
  /** Absolute. */
  readonly files: ReadonlySet<string>;
  /** Names of packages. */
  readonly packages: ReadonlySet<string>;
}

/** What only a broker of one's own needs; an agent calls one. */
const leftOut = new Set(['aedes']);

/** Files that threads begin with are named where nobody imports them. */
function entriesOf(dist: string): string[] {
  const threads = readdirSync(join(dist, 'device')).filter((f) => f.endsWith('-worker.js'));
  return ['cli/device.js', 'engine/ort/worker.js', ...threads.map((f) => `device/${f}`)].map((f) => join(dist, f));
}

/** @param dist our compiled files */
export async function modulesOf(dist: string): Promise<Modules> {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = entriesOf(dist);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const text = await readFile(file, 'utf8');
    for (const [, what = ''] of text.matchAll(/(?:\bfrom\s*|\bimport\(\s*|\bimport\s+)['"]([^'"\n]+)['"]/g)) {
      if (what.startsWith('.')) {
        const path = resolve(dirname(file), what);
        // In a comment or a text, it may be the name of nothing.
        if (existsSync(path)) waiting.push(path);
      } else if (!what.startsWith('node:')) packages.add(packageOf(what));
    }
  }
  for (const name of leftOut) packages.delete(name);
  return { files, packages };
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
