import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';

/** A folder that is gone when the test is. */
export async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cutline-data-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export function idx(sizes: readonly number[], data: Uint8Array | readonly number[], type = 8): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE((type << 8) | sizes.length);
  for (const [i, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([header, Uint8Array.from(data)]);
}

const ramp = (n: number, start = 0) => Uint8Array.from({ length: n }, (_, i) => (start + i) % 256);

/** Six training and three test pictures of 2×3; labels 0 … 2. */
export async function writeMnist(
  dir: string,
  change: Partial<Record<string, Buffer>> = {},
  gzip = true,
): Promise<string> {
  const files: Record<string, Buffer> = {
    'train-images-idx3-ubyte': idx([6, 2, 3], ramp(36)),
    'train-labels-idx1-ubyte': idx([6], [0, 1, 2, 0, 1, 2]),
    't10k-images-idx3-ubyte': idx([3, 2, 3], ramp(18, 100)),
    't10k-labels-idx1-ubyte': idx([3], [2, 1, 0]),
    ...change,
  };
  await mkdir(dir, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) {
    await writeFile(join(dir, gzip ? `${name}.gz` : name), gzip ? gzipSync(bytes) : bytes);
  }
  return dir;
}

/** CIFAR-10 records whose pixels are all 10·label + index. */
export function cifarRecords(labels: readonly number[]): Buffer {
  return Buffer.concat(labels.map((label, i) => Buffer.concat([Buffer.of(label), Buffer.alloc(3072, 10 * label + i)])));
}

/** A picture of one colour. */
export function plain(
  width: number,
  height: number,
  colour: string,
  format: 'png' | 'jpeg' | 'webp' = 'png',
): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: colour } })
    .toFormat(format)
    .toBuffer();
}

/** Writes files given as path → bytes below a fresh folder. */
export async function writeTree(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const dir = await tempDir();
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), bytes);
  }
  return dir;
}
