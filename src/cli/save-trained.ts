/** Writes a network that took hours to train: a disk that filled up meanwhile shall not cost it. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CutlineError } from '../errors.ts';
import { placeOf } from '../files.ts';
import { type Graph, saveModel } from '../model/index.ts';
import { note } from './output.ts';

/** @throws CutlineError OUTPUT_NOT_WRITABLE, having kept the network in the system's folder for temporary files if it can */
export async function saveTrained(graph: Graph, path: string): Promise<void> {
  try {
    await saveModel(graph, path);
  } catch (error) {
    const isFile = error instanceof CutlineError && (await placeOf(path)).kind === 'file';
    if (isFile) await keep(graph, path).catch(() => {});
    throw error;
  }
}

async function keep(graph: Graph, path: string): Promise<void> {
  const elsewhere = join(await mkdtemp(join(tmpdir(), 'cutline-trained-')), basename(path));
  await saveModel(graph, elsewhere);
  note(`the network is kept in ${elsewhere}`);
}
