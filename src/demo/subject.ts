/** The model and pictures of the demonstration. */
import { basename, extname } from 'node:path';
import { type Dataset, openDataset, readCard } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { bindBatch, findCuts, inferShapes, loadModel, modelSha256, readModel } from '../model/index.ts';
import type { DemoOptions } from './run.ts';

/** @throws CutlineError DEMO_ORIGINAL, and what opening them throws */
export async function openSubject(engine: Engine, { model, original, data, signal, log }: DemoOptions) {
  const card = await readCard(model);
  if (original !== undefined && modelSha256(await readModel(original)) !== card.hardened?.from) {
    throw new CutlineError('DEMO_ORIGINAL', { original, model });
  }
  const unbound = await loadModel(model);
  const graph = await inferShapes(bindBatch(unbound, 1), engine);
  const single = async (path: string) => inferShapes(bindBatch(await loadModel(path), 1), engine);
  const dataset: Dataset = await openDataset(data, { size: card.preprocessing, signal, note: log });
  const sha256 = modelSha256(await readModel(model));
  return {
    path: model,
    name: basename(model, extname(model)),
    card,
    unbound,
    graph,
    /** Whose answers the split is held against. */
    unsplit: original === undefined ? graph : await single(original),
    sha256,
    cuts: findCuts(graph),
    data: dataset,
  };
}
export type DemoSubject = Awaited<ReturnType<typeof openSubject>>;
