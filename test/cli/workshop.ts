/** A folder with a model, its card, damaged models and a data set, and the compiled command to try on them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { writeCard } from '../../src/data/index.ts';
import { encodeModel } from '../../src/model/index.ts';
import { idx } from '../data/fixtures.ts';
import { type Running, run } from '../e2e/support/processes.ts';
import { chain } from '../support/networks.ts';
import { spots } from '../support/pictures.ts';

const command = resolve(import.meta.dirname, '../../dist/cli/main.js');

export interface Workshop {
  readonly dir: string;
  /** A chain network with its card. */
  readonly model: string;
  /** Its first 2000 bytes. */
  readonly truncated: string;
  /** Without a card. */
  readonly bare: string;
  readonly data: string;
  path(name: string): string;
  remove(): Promise<void>;
}

export async function workshop({ train = 90, test = 20 } = {}): Promise<Workshop> {
  const dir = await mkdtemp(join(tmpdir(), 'cutline-cli-'));
  const path = (name: string) => join(dir, name);
  const bytes = encodeModel(chain({ batch: 'n' }));
  await writeFile(path('net.onnx'), bytes);
  await writeFile(path('bare.onnx'), bytes);
  await writeFile(path('truncated.onnx'), bytes.subarray(0, 2000));
  const preprocessing = { layout: 'NCHW', channels: 1, height: 28, width: 28, mean: [0.5], std: [0.5] } as const;
  for (const name of ['net', 'truncated']) {
    await writeCard(path(`${name}.onnx`), {
      format: 'cutline.card/1',
      name,
      input: 'input',
      preprocessing: { ...preprocessing, mean: [0.5], std: [0.5] },
    });
  }
  const data = spots({ train, test });
  await mkdir(path('mnist'));
  for (const [prefix, split] of [
    ['train', data.train],
    ['t10k', data.test],
  ] as const) {
    const pixels = await split.pixels(Array.from({ length: split.count }, (_, i) => i));
    await writeFile(path(`mnist/${prefix}-images-idx3-ubyte`), idx([split.count, 28, 28], pixels.data));
    await writeFile(path(`mnist/${prefix}-labels-idx1-ubyte`), idx([split.count], [...split.labels!]));
  }
  return {
    dir,
    model: path('net.onnx'),
    truncated: path('truncated.onnx'),
    bare: path('bare.onnx'),
    data: `mnist:${path('mnist')}`,
    path,
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

export interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export const start = (...args: string[]): Running => run(process.execPath, [command, ...args]);

export async function cutline(...args: string[]): Promise<Ended> {
  return cutlineAs({}, ...args);
}

/** In another folder, with another environment, or as another user. */
export async function cutlineAs(options: Parameters<typeof run>[2], ...args: string[]): Promise<Ended> {
  const running = run(process.execPath, [command, ...args], options);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

/** The same through a shell, for redirections. Arguments are single words of our own making. */
export async function cutlineInShell(args: readonly string[], redirection: string): Promise<Ended> {
  const running = run('bash', ['-c', `"$0" "$@" ${redirection}`, process.execPath, command, ...args]);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

/** The one document a command prints with --json. */
export async function documentOf(...args: string[]): Promise<Record<string, unknown> & { format: string }> {
  const { code, stdout, stderr } = await cutline(...args, '--json');
  expect(code, stderr).toBe(0);
  expect(stdout.endsWith('}\n')).toBe(true);
  return JSON.parse(stdout);
}

/** What makes an audit short. */
export const quick = (s: Workshop) => [
  '--data',
  s.data,
  '--images',
  '2',
  '--iterations',
  '3',
  '--lambda-tv',
  '0',
  '--attack',
  'rmle',
];
