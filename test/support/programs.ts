/** Programs that stand in for those of a camera, in a folder for PATH. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Why ffmpeg cannot be used here; undefined when it can. */
export function ffmpegMissing(): string | undefined {
  const { error } = spawnSync('ffmpeg', ['-version']);
  return error ? `ffmpeg is not installed (${(error as NodeJS.ErrnoException).code})` : undefined;
}

/**
 * @param name of the program
 * @param script JavaScript; `frame(n)` gives JPEG number n, `args` what it was called with, `starts` how often before
 * @returns the folder; it is gone when the test is
 */
export async function fakeProgram(name: string, script: string, jpegs: readonly Buffer[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cutline-programs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const text = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(folder, 'calls.jsonl'))}, JSON.stringify(args) + '\\n');
const starts = readFileSync(${JSON.stringify(join(folder, 'calls.jsonl'))}, 'utf8').trim().split('\\n').length - 1;
const jpegs = ${JSON.stringify(jpegs.map((j) => j.toString('base64')))}.map((j) => Buffer.from(j, 'base64'));
const frame = (n) => process.stdout.write(jpegs[n % jpegs.length]);
process.stdout.on('error', () => process.exit(0));
${script}`;
  await writeFile(join(folder, name), text, { mode: 0o755 });
  return folder;
}
