/** The split model's answers beside the unsplit model's. */

import { basename } from 'node:path';
import { z } from 'zod';
import { CutlineError } from '../errors.ts';
import { agreements, argMax } from '../numeric/index.ts';
import type { DemoPicture } from './pictures.ts';

/** A line of the agent's results file, as far as it is needed here. */
const lineSchema = z.object({
  image: z.string(),
  top1: z.int(),
  latencyMs: z.object({ total: z.number() }),
  outputs: z.record(z.string(), z.object({ values: z.array(z.number()) })),
});

export interface Comparison {
  readonly images: number;
  readonly latencyMs: readonly number[];
  /** Share of pictures with the same first choice as the model that was split. */
  readonly agreement: number;
  /** Largest difference of an output, relative to the largest output of its picture. */
  readonly greatestDifference: number;
  /** Unsplit: of the model that it was made of. */
  readonly accuracy: { readonly split: number; readonly unsplit: number } | undefined;
}

/** @throws CutlineError PROCESS_ENDED when an answer is missing */
export function compare(pictures: readonly DemoPicture[], results: string): Comparison {
  const lines = new Map(
    results
      .split('\n')
      .filter((l) => l !== '')
      .map((l) => lineSchema.safeParse(JSON.parse(l)))
      .flatMap((r) => (r.success ? [[basename(r.data.image), r.data] as const] : [])),
  );
  const latencyMs: number[] = [];
  let [same, splitRight, unsplitRight, greatestDifference] = [0, 0, 0, 0];
  for (const { path, label, whole, unsplit } of pictures) {
    const line = lines.get(basename(path));
    const split = line && Object.values(line.outputs)[0]?.values;
    if (!line || split?.length !== whole.length) {
      throw new CutlineError('PROCESS_ENDED', { name: 'cutline agent', problem: `no answer for ${basename(path)}` });
    }
    latencyMs.push(line.latencyMs.total);
    const scale = whole.reduce((m, v) => Math.max(m, Math.abs(v)), 0) || 1;
    for (const [i, v] of whole.entries())
      greatestDifference = Math.max(greatestDifference, Math.abs(v - split[i]!) / scale);
    same += agreements([line.top1], [argMax(whole)]);
    splitRight += agreements([line.top1], [label]);
    unsplitRight += agreements([unsplit], [label]);
  }
  const n = pictures.length;
  const labelled = pictures.every((p) => p.label !== undefined);
  return {
    images: n,
    latencyMs,
    agreement: same / n,
    greatestDifference,
    accuracy: labelled ? { split: splitRight / n, unsplit: unsplitRight / n } : undefined,
  };
}
