import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../src');

/** What each part may import, besides itself and the files beside it in src/. One direction: see ARCHITECTURE.md. */
const allowed: Record<string, readonly string[]> = {
  model: ['engine'],
  engine: ['model'],
  autodiff: ['model', 'engine'],
  data: ['model'],
  plan: ['data'],
  profile: ['plan'],
  broker: ['model', 'plan'],
  training: ['model', 'autodiff', 'engine', 'data'],
  'privacy/mechanisms': ['model'],
  'privacy/metrics': ['data'],
  'privacy/attacks': ['model', 'autodiff', 'engine', 'data', 'training', 'privacy/mechanisms', 'privacy/metrics'],
  'privacy/exposure': ['model', 'autodiff', 'engine', 'data', 'privacy/mechanisms', 'privacy/metrics'],
  'privacy/audit': [
    'broker',
    'training',
    'model',
    'plan',
    'engine',
    'data',
    'privacy/attacks',
    'privacy/mechanisms',
    'privacy/exposure',
    'privacy/metrics',
  ],
  planner: ['model', 'engine', 'broker', 'data', 'plan', 'profile', 'privacy/mechanisms'],
  device: ['model', 'engine', 'broker', 'data', 'plan', 'profile', 'privacy/mechanisms'],
  cloud: ['model', 'engine', 'broker', 'plan'],
  report: [],
};
/** These wire the rest together. */
const free = new Set(['cli', 'demo']);

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
    const path = join(folder, e.name);
    return e.isDirectory() ? filesIn(path) : e.name.endsWith('.ts') ? [path] : [];
  });
}

/** The part a file belongs to: its folder, two deep under privacy/; '' for the files beside them. */
function partOf(path: string): string {
  const [first, second, third] = relative(root, path).split('/');
  if (!second) return '';
  return first === 'privacy' && third ? `privacy/${second}` : first!;
}

const imports = filesIn(root).flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((m) => ({
    file: relative(root, file),
    from: partOf(file),
    target: resolve(dirname(file), m[1]!),
    to: partOf(resolve(dirname(file), m[1]!)),
  })),
);

describe('the house', () => {
  it('has dependencies in one direction', () => {
    const wrong = imports.filter(
      ({ from, to }) => from !== '' && to !== '' && from !== to && !free.has(from) && !allowed[from]?.includes(to),
    );
    expect(wrong.map(({ file, to }) => `${file} imports ${to}`)).toEqual([]);
  });

  it('keeps the trusted and the untrusted side apart', () => {
    const sides = imports.filter(({ from, to }) => [from, to].sort().join() === 'cloud,device');
    expect(sides).toEqual([]);
  });

  it('keeps files small: one idea each', () => {
    const long = filesIn(root)
      // What a program wrote, and the catalogue of errors, which is a list.
      .filter((f) => !f.includes('/wire/') && f !== join(root, 'errors.ts'))
      .map((f) => [relative(root, f), readFileSync(f, 'utf8').split('\n').length] as const)
      .filter(([, lines]) => lines > 300);
    expect(long).toEqual([]);
  });
});
