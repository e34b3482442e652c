/**
 * Features that go up and down together add up: what enters the residual path may be ten times as large as its weights
 * foresee, and the first steps of a training then overshoot. So it is measured, and scaled to one (Mishkin & Matas 2016).
 */

import { prune } from '../../../autodiff/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { asFloat32, float32, type Graph, type Tensors } from '../../../model/index.ts';
import { meanSquareOf } from '../../../numeric/index.ts';
import { applyRows, rowsOfAll } from '../rows.ts';

export interface Trunk {
  readonly term: string;
  /** The layers, linear, whose sum it is. */
  readonly layers: readonly string[];
}

const picturesMeasured = 50;

/** @param decoder batch symbolic */
export async function withUnitScale(
  engine: Engine,
  decoder: Graph,
  { term, layers }: Trunk,
  features: Tensors,
  signal?: AbortSignal,
): Promise<Graph> {
  const outputs = [{ name: term, dtype: 'float32', shape: [], unknown: 'shape' } as const];
  const beginning = prune({ ...decoder, outputs });
  const measured = Math.min(picturesMeasured, Object.values(features)[0]!.shape[0]!);
  const some = rowsOfAll(features, 0, measured);
  const values = asFloat32(await applyRows(engine, beginning, some, signal));
  const size = Math.sqrt(meanSquareOf(values));
  if (!(size > 0)) return decoder;
  const initializers = new Map(decoder.initializers);
  for (const layer of layers) {
    for (const name of [`${layer}.weight`, `${layer}.bias`]) {
      const t = initializers.get(name)!;
      initializers.set(
        name,
        float32(
          asFloat32(t).map((v) => v / size),
          t.shape,
        ),
      );
    }
  }
  return { ...decoder, initializers };
}
