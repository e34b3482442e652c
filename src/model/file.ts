/** The edge of model/: files. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { CutlineError } from '../errors.ts';
import { readBounded, writeAtomically } from '../files.ts';
import type { Graph } from './graph.ts';
import { homesOf } from './inside.ts';
import { maxModelBytes, parseModel } from './onnx/read.ts';
import { encodeModel } from './onnx/write.ts';
import { looksLikeJson, readTfjs } from './tfjs/read.ts';

/**
 * Reads an ONNX file or a `model.json` of TensorFlow.js, and the weights kept in files beside it.
 * @throws CutlineError FILE_NOT_FOUND, FILE_UNREADABLE, and what `parseModel` and `readTfjs` throw
 */
export async function loadModel(path: string): Promise<Graph> {
  return (await openModel(path)).graph;
}

/** The same with the bytes of the file (of TensorFlow.js: of all its files), for its digest. */
export async function openModel(path: string): Promise<{ readonly bytes: Uint8Array; readonly graph: Graph }> {
  const bytes = await readFile(path);
  if (looksLikeJson(bytes)) return readTfjs(bytes, path);
  return { bytes, graph: parseModel(bytes, { folders: homesOf(path), path: basename(path) }) };
}

/** The bytes of a model, for its digest. */
export async function readModel(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path);
  return looksLikeJson(bytes) ? (await readTfjs(bytes, path)).bytes : bytes;
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await readBounded(path, maxModelBytes);
  } catch (error) {
    if (!(error instanceof CutlineError) || error.code !== 'FILE_TOO_LARGE') throw error;
    throw new CutlineError('MODEL_TOO_LARGE', { path, bytes: `more than ${maxModelBytes}` }, { cause: error });
  }
}

/** Writes a whole model, weights inside; atomically. */
export async function saveModel(graph: Graph, path: string): Promise<void> {
  await writeAtomically(path, encodeModel(graph));
}

/** SHA-256 of a model file, in hexadecimal: the identity of a model in plans and audits. */
export function modelSha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
