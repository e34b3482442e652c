import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../src');

/** What each part may import, besides itself and the files beside it in src/. One direction: see ARCHITECTURE.md. */
const allowed: Record<string, readonly string[]> = {
  numeric: [],
  ops: [],
  bundle: [],
  model: [],
  engine: ['model'],
  autodiff: ['model'],
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
  planner: ['model', 'engine', 'broker', 'data', 'plan', 'profile', 'privacy/mechanisms', 'privacy/metrics'],
  device: ['ops', 'model', 'engine', 'broker', 'data', 'plan', 'profile', 'privacy/mechanisms'],
  cloud: ['ops', 'model', 'engine', 'broker', 'plan'],
  report: [],
  fleet: ['ops', 'broker', 'plan'],
  /** Runs in a browser: what it takes of these is without Node. */
  page: ['plan', 'planner', 'report', 'fleet'],
};
/** Arithmetic, which imports nothing: every part may. */
const everybodys = new Set(['', 'numeric']);
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

interface Import {
  readonly file: string;
  readonly from: string;
  readonly target: string;
  readonly to: string;
  /** It is gone when the program runs. */
  readonly onlyTypes: boolean;
}

/** What is written, without what is said about it. */
const codeOf = (file: string): string =>
  readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');

/** Static and dynamic imports, imports for their effect, what is exported from elsewhere, and files that threads begin with. */
function importsOf(file: string): Import[] {
  const found = [
    ...codeOf(file).matchAll(
      /(?:(?:import|export)\s+(type\s)?[^;'"]*?from|import\(|import|new URL\()\s*['"](\.[^'"]+)['"]/g,
    ),
  ];
  return found.map((m) => {
    const target = resolve(dirname(file), m[2]!);
    return {
      file: relative(root, file),
      from: partOf(file),
      target,
      to: partOf(target),
      onlyTypes: m[1] !== undefined,
    };
  });
}

const imports = filesIn(root).flatMap(importsOf);

/** Files that a file waits for before it runs, and that wait for it: each cycle as its files, in order. */
function cyclesAmong(edges: readonly Pick<Import, 'file' | 'target'>[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { file, target } of edges) next.set(file, [...(next.get(file) ?? []), relative(root, target)]);
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (file: string, way: readonly string[]): void => {
    const before = way.indexOf(file);
    if (before >= 0) cycles.push(way.slice(before));
    if (before >= 0 || done.has(file)) return;
    for (const target of next.get(file) ?? []) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return cycles;
}

describe('the house', () => {
  it('has dependencies in one direction', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        from !== '' && !everybodys.has(to) && from !== to && !free.has(from) && !allowed[from]?.includes(to),
    );
    expect(wrong.map(({ file, to }) => `${file} imports ${to}`)).toEqual([]);
  });

  it('keeps what lies beside the parts below them all, but for the public face, which sees the faces of parts', () => {
    const upwards = imports.filter(({ file, from, to }) => from === '' && to !== '' && file !== 'index.ts');
    expect(upwards.map(({ file, to }) => `${file} imports ${to}`)).toEqual([]);
    const face = imports.filter(
      ({ file, to, target }) => file === 'index.ts' && to !== '' && !target.endsWith('/index.ts'),
    );
    expect(face.map(({ target }) => relative(root, target))).toEqual([]);
    expect(imports.filter(({ target }) => target === join(root, 'index.ts')).map(({ file }) => file)).toEqual([]);
  });

  it('has no cycles of files that need each other to run', () => {
    expect(cyclesAmong(imports.filter((i) => !i.onlyTypes))).toEqual([]);
    const [a, b] = ['a.ts', 'b.ts'].map((f) => join(root, f));
    const round = [
      { file: 'a.ts', target: b! },
      { file: 'b.ts', target: a! },
    ];
    expect(cyclesAmong(round)).toEqual([['a.ts', 'b.ts']]);
  });

  it('keeps the contract of an attack clear of attacks', () => {
    const contract = new Set(['privacy/attacks/attack.ts']);
    for (const file of contract)
      for (const i of imports) if (i.file === file && i.to === i.from) contract.add(relative(root, i.target));
    const shared = ['attack', 'missed', 'pairs', 'stops'].map((name) => `privacy/attacks/${name}.ts`);
    expect([...contract].sort()).toEqual(shared);
    const tests = resolve(root, '../test/privacy/attacks');
    const needed = ['contract.ts', 'scene.ts'].flatMap((name) => importsOf(join(tests, name)));
    const attacks = needed.filter(({ to }) => to === 'privacy/attacks').map(({ target }) => relative(root, target));
    expect(new Set(attacks)).toEqual(new Set(['privacy/attacks/attack.ts']));
  });

  it('gives no name twice where plans and audits meet', () => {
    const parts = ['plan', 'planner', 'privacy/audit'];
    const named = parts.flatMap((part) => {
      const files = filesIn(join(root, part)).filter((f) => !f.endsWith('/index.ts'));
      const exported = /^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm;
      return [...new Set(files.flatMap((f) => [...codeOf(f).matchAll(exported)].map((m) => m[1]!)))];
    });
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((name, i) => named.indexOf(name) < i)).toEqual([]);
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
