/**
 * What a newcomer costs: how many files of src a sample stage, attack and codec touch, and whether the compiler names the
 * places. The samples are added to a copy of src, in the order in which somebody would; nothing of them runs.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const project = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'cutline-growth-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Files that a sample has touched. */
const touched = new Set<string>();

beforeAll(() => {
  for (const name of ['tsconfig.json', 'package.json']) cpSync(join(project, name), join(folder, name));
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
});

function anew(): void {
  touched.clear();
  rmSync(join(folder, 'src'), { recursive: true, force: true });
  cpSync(join(project, 'src'), join(folder, 'src'), { recursive: true });
}

function write(file: string, text: string): void {
  touched.add(file);
  writeFileSync(join(folder, 'src', file), text);
}

function change(file: string, from: string, to: string): void {
  const text = readFileSync(join(folder, 'src', file), 'utf8');
  expect(text.split(from), `${file} says once: ${from}`).toHaveLength(2);
  write(file, text.replace(from, to));
}

/** Files of src that the compiler complains about. */
async function complaints(): Promise<string[]> {
  const tsc = join(project, 'node_modules/typescript/bin/tsc');
  const said = await promisify(execFile)(
    process.execPath,
    [tsc, '--noEmit', '--incremental', '--tsBuildInfoFile', 'known', '-p', folder],
    { cwd: folder },
  ).then(
    () => '',
    (error: { stdout?: string }) => {
      if (!error.stdout) throw error;
      return error.stdout;
    },
  );
  const files = [...said.matchAll(/^(?:src\/)?(\S+\.ts)\(\d+,\d+\): error/gm)].map((m) => m[1]!);
  expect(said === '' || files.length > 0, said).toBe(true);
  return [...new Set(files)].sort();
}

describe('a newcomer', () => {
  it('that is a stage touches two files: its own and the list', { timeout: 60_000 }, async () => {
    anew();
    write(
      'privacy/mechanisms/stages/mute.ts',
      `import { stageText } from '../spec.ts';
import type { StageKind } from '../stage.ts';

export const mute: StageKind = {
  name: 'mute',
  usage: 'mute()',
  places: ['activation'],
  make(args) {
    args.done();
    return {
      text: stageText('mute', {}),
      law: { kind: 'deterministic' },
      release(row) {
        for (const { data } of row) data.fill(0);
      },
      graph: (b, parts) => parts.map(({ term }) => b.op('Mul', [term, b.constant(0)])),
      bound: ({ bound }) => bound,
      guarantee: () => ({ kind: 'none' }),
    };
  },
};
`,
    );
    const list = 'privacy/mechanisms/stages/index.ts';
    change(list, 'import { topk }', "import { mute } from './mute.ts';\nimport { topk }");
    change(list, ' = [clip,', ' = [mute, clip,');
    expect(await complaints()).toEqual([]);
    expect(touched.size).toBeLessThanOrEqual(2);
  });

  it('that is an attack touches four files; the compiler asks for its entry', { timeout: 60_000 }, async () => {
    anew();
    change('attacks.ts', '  rmle: {', "  mirror: { threat: 'black-box', unasked: 'all' },\n  rmle: {");
    expect(await complaints()).toEqual(['privacy/audit/attack-table.ts']);
    const table = 'privacy/audit/attack-table.ts';
    change(table, '  latentSteps,\n', '  latentSteps,\n  mirror,\n');
    change(
      table,
      '  rmle: {\n',
      '  mirror: { mount: ({ keep }) => [keep(mirror(), {})], work: () => once(0) },\n  rmle: {\n',
    );
    expect(await complaints()).toEqual(['privacy/audit/attack-table.ts']);
    write(
      'privacy/attacks/mirror.ts',
      `import { float32, sizeOf } from '../../model/index.ts';
import type { BlackBoxAttack } from './attack.ts';

export function mirror(): BlackBoxAttack {
  return {
    name: 'mirror',
    threat: 'black-box',
    async run({ count, preprocessing: { channels, height, width } }) {
      const shape = [count, channels, height, width];
      return { pictures: float32(new Float32Array(sizeOf(shape)), shape), iterations: 0, parameters: {}, budgets: {} };
    },
  };
}
`,
    );
    change('privacy/attacks/index.ts', 'export { hybrid }', "export { mirror } from './mirror.ts';\nexport { hybrid }");
    expect(await complaints()).toEqual([]);
    expect(touched.size).toBeLessThanOrEqual(4);
  });

  it('that is an attack with an option of its own touches the same four', { timeout: 60_000 }, async () => {
    anew();
    change(
      'attacks.ts',
      '  rmle: {',
      `  mirror: {
    threat: 'black-box',
    unasked: 'all',
    options: { 'mirror-angle': { type: 'number', whole: [1, 90], describe: 'Of the mirror, in degrees' } },
  },
  rmle: {`,
    );
    const table = 'privacy/audit/attack-table.ts';
    expect(await complaints()).toEqual([table]);
    change(table, '  latentSteps,\n', '  latentSteps,\n  type MirrorOptions,\n  mirror,\n');
    change(
      table,
      'export interface OwnSettings {\n',
      'export interface OwnSettings {\n  readonly mirror?: MirrorOptions;\n',
    );
    change(
      table,
      '  rmle: {\n',
      `  mirror: {
    mount: ({ settings, keep }) => [keep(mirror(settings.mirror ?? {}), settings.mirror ?? {})],
    work: () => once(0),
    read: (own, { iterations }) => ({ angle: own['mirror-angle'], iterations }),
    shorten: ({ mirror: own }, { less }) => ({ mirror: { ...own, iterations: own?.iterations ?? less(100, 10) } }),
    length: { name: 'steps of the mirror', of: (settings) => settings.mirror?.iterations },
  },
  rmle: {
`,
    );
    write(
      'privacy/attacks/mirror.ts',
      `import { float32, sizeOf } from '../../model/index.ts';
import type { BlackBoxAttack } from './attack.ts';

export interface MirrorOptions {
  /** Degrees. */
  readonly angle?: number | undefined;
  readonly iterations?: number | undefined;
}

export function mirror({ angle = 45, iterations = 100 }: MirrorOptions): BlackBoxAttack {
  return {
    name: 'mirror',
    threat: 'black-box',
    async run({ count, preprocessing: { channels, height, width } }) {
      const shape = [count, channels, height, width];
      const pictures = float32(new Float32Array(sizeOf(shape)), shape);
      return { pictures, iterations, parameters: { angle }, budgets: { iterations } };
    },
  };
}
`,
    );
    change(
      'privacy/attacks/index.ts',
      'export { hybrid }',
      "export { type MirrorOptions, mirror } from './mirror.ts';\nexport { hybrid }",
    );
    expect(await complaints()).toEqual([]);
    expect(touched.size).toBeLessThanOrEqual(4);
    // The type of its value is that of the option: what the option does not allow is no program.
    change(table, "angle: own['mirror-angle']", "angle: own['mirror-angel']");
    expect(await complaints()).toEqual([table]);
  });

  it('that is a codec touches three files; the compiler asks for its place', { timeout: 60_000 }, async () => {
    anew();
    change(
      'codecs.ts',
      '  uint8: {',
      `  sign: {
    elementBits: 8,
    lossless: false,
    bytesPerS: { plain: 1e8, deflated: 3e7 },
    offered: { plain: false, deflated: false },
  },
  uint8: {`,
    );
    const registry = 'broker/codecs/codec.ts';
    expect(await complaints()).toEqual([registry]);
    change(registry, 'import { uint8 }', "import { sign } from './sign.ts';\nimport { uint8 }");
    change(registry, '  float32,\n  float16,', '  sign,\n  float32,\n  float16,');
    expect(await complaints()).toEqual([registry]);
    write(
      'broker/codecs/sign.ts',
      `import { type Encoding, float32sOf, floatsOf } from './encoding.ts';

export const sign: Encoding = {
  name: 'sign',
  ...floatsOf(8),
  write: (tensor) => ({ data: Uint8Array.from(float32sOf(tensor), (v) => (v < 0 ? 1 : 0)), scale: 0, zeroPoint: 0 }),
  read: (data) => Float32Array.from(data, (v) => (v > 0 ? -1 : 1)),
};
`,
    );
    expect(await complaints()).toEqual([]);
    expect(touched.size).toBeLessThanOrEqual(3);
  });
});

/** Files of src that name something, but for what they say about it. */
function naming(pattern: RegExp): string[] {
  return readdirSync(join(project, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => {
      const text = readFileSync(join(project, 'src', file), 'utf8');
      return pattern.test(text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, ''));
    })
    .sort();
}

describe('what is there', () => {
  it('is named in as few places: a stage, the stage with a law of its own, an attack', () => {
    const stages = 'privacy/mechanisms/stages';
    // A stage, and a codec of the same name.
    expect(naming(/\btopk\b(?!\()/)).toEqual([
      'broker/codecs/codec.ts',
      'broker/codecs/topk.ts',
      'codecs.ts',
      `${stages}/index.ts`,
      `${stages}/topk.ts`,
    ]);
    expect(naming(/'dropout'|\bdropout\.ts/)).toEqual([
      'privacy/mechanisms/likelihood.ts',
      'privacy/mechanisms/stage.ts',
      `${stages}/dropout.ts`,
      `${stages}/index.ts`,
    ]);
    expect(naming(/deep-?prior/i)).toEqual([
      'attacks.ts',
      'privacy/attacks/deep-prior.ts',
      'privacy/attacks/index.ts',
      'privacy/audit/attack-table.ts',
    ]);
    // Its options are named nowhere else; budgets that a protocol may ask of it are the protocol's.
    expect(naming(/latent|generator-?makes/i)).toEqual([
      'attacks.ts',
      'privacy/attacks/generator/given.ts',
      'privacy/attacks/index.ts',
      'privacy/attacks/latent.ts',
      'privacy/audit/attack-table.ts',
      'privacy/audit/by-protocol.ts',
    ]);
    const general = naming(/(substitute|shadow)-?(structure|inversion|epochs)|\balignment\b/i);
    expect(general.filter((file) => !file.startsWith('privacy/attacks/'))).toEqual([
      'attacks.ts',
      // What to do where a shadow cannot be made.
      'errors.ts',
      'privacy/audit/attack-table.ts',
    ]);
    expect(
      naming(/\bcodecs?\b.*'uint8'|'uint8'.*[cC]odec|codecs\/uint8|\.\/uint8\.ts|uint8\+|^ {2}uint8: \{/m),
    ).toEqual(['broker/codecs/codec.ts', 'broker/codecs/uint8.ts', 'codecs.ts', 'demo/attack-and-plan.ts']);
  });
});
