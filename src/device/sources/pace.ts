/** Which pictures of a source are taken: so many a second, and only when something has changed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pixels } from '../../data/index.ts';
import type { Picture, Source, Unread } from '../source.ts';
import type { PaceSettings } from './settings.ts';
import type { SourceCounts } from './source.ts';

/** The small picture that is compared has this many cells a side, or fewer pixels. */
const CELLS = 16;

/**
 * Mean grey of each cell, 0 … 255, in rows.
 * Averaging takes the sensor's noise away, and what moves is larger than a cell or is not seen.
 */
export function smallGrey({ channels, height, width, data }: Pixels): Float32Array {
  const [rows, columns] = [Math.min(CELLS, height), Math.min(CELLS, width)];
  const [sums, counts] = [new Float32Array(rows * columns), new Float32Array(rows * columns)];
  const area = height * width;
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns;
    for (let x = 0; x < width; x++) {
      const cell = row + Math.floor((x * columns) / width);
      const i = y * width + x;
      // ITU-R BT.601, as everywhere here.
      const grey = channels === 3 ? 0.299 * data[i]! + 0.587 * data[area + i]! + 0.114 * data[2 * area + i]! : data[i]!;
      sums[cell]! += grey;
      counts[cell]! += 1;
    }
  }
  return sums.map((sum, cell) => sum / counts[cell]!);
}

/** In levels of 255. @param a, b of one length */
export function meanDifference(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}

/** Passes a picture that differs from the last one it passed, and what is no picture. */
export async function* changing(
  source: Source,
  { threshold, atLeastEveryS = Number.POSITIVE_INFINITY }: NonNullable<PaceSettings['change']>,
  counts: SourceCounts,
  now: () => number = () => performance.now(),
): AsyncGenerator<Picture | Unread> {
  let last: { readonly grey: Float32Array; readonly atMs: number } | undefined;
  for await (const picture of source) {
    if ('pixels' in picture) {
      const [grey, atMs] = [smallGrey(picture.pixels), now()];
      const isDue = !last || atMs - last.atMs >= atLeastEveryS * 1000;
      if (!isDue && meanDifference(grey, last!.grey) <= threshold) {
        counts.unchanged++;
        continue;
      }
      last = { grey, atMs };
    }
    yield picture;
  }
}

/** Nothing is lost: each picture waits for its turn. */
export async function* atPace(source: Source, maxFps: number, stop: AbortSignal): AsyncGenerator<Picture | Unread> {
  let dueMs = performance.now();
  for await (const picture of source) {
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return;
    dueMs = Math.max(dueMs, performance.now()) + 1000 / maxFps;
    yield picture;
  }
}
