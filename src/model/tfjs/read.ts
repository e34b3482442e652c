/** `model.json` of TensorFlow.js, layers and graph models, as a graph of plain ONNX operators. */
import { basename } from 'node:path';
import { CutlineError } from '../../errors.ts';
import { checkGraph } from '../check.ts';
import type { Graph } from '../graph.ts';
import type { Feature, Writer } from './feature.ts';
import { isObject, type Json, MalformedError, object } from './json.ts';
import { writeLayers } from './layers/topology.ts';
import { writeNodes } from './nodes/graph-def.ts';
import { readWeights } from './weights.ts';

/** Is this the text of a model.json? ONNX files begin with a protobuf tag. */
export const looksLikeJson = (bytes: Uint8Array): boolean =>
  /^\s*\{/.test(Buffer.from(bytes.subarray(0, 64)).toString());

/**
 * @param bytes of model.json
 * @param path of it: the weights lie beside it
 * @returns the graph, and the bytes of all files, since the identity of a model includes its weights
 * @throws CutlineError TFJS_INVALID, TFJS_UNSUPPORTED, and those of reading files
 */
export async function readTfjs(bytes: Uint8Array, path: string): Promise<{ graph: Graph; bytes: Uint8Array }> {
  const called = basename(path);
  try {
    const json = parse(bytes);
    const topology = object(json.modelTopology, 'modelTopology');
    const weights = await readWeights(json.weightsManifest, path);
    const write = Array.isArray(topology.node) ? writeNodes : writeLayers;
    const { w, outputs } = write(topology, weights.tensors, called, json);
    return { graph: finish(w, outputs, called), bytes: Buffer.concat([bytes, ...weights.files]) };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new CutlineError('TFJS_INVALID', { path: called, problem: error.message }, { cause: error });
  }
}

function parse(bytes: Uint8Array): Json {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new MalformedError('it is no JSON', { cause: error });
  }
  if (!isObject(value) || !('modelTopology' in value)) throw new MalformedError('it has no modelTopology');
  return value;
}

/** Outputs are TensorFlow's: channels last. */
function finish(w: Writer, outputs: readonly Feature[], path: string): Graph {
  for (const f of outputs) {
    const dims = f.dims.map((d, i) => d ?? (i === 0 ? 'batch' : ''));
    const name = w.last(f);
    // What passes through unchanged still has to come out under a name of its own.
    const isInput = w.b.build().inputs.some((v) => v.name === name);
    w.b.output(isInput ? w.b.op('Identity', [name], {}, w.b.fresh(`${name}/output`)) : name, f.dtype, dims);
  }
  const graph = w.b.build(path);
  const used = new Set([...graph.nodes.flatMap((n) => n.inputs), ...graph.outputs.map((o) => o.name)]);
  const initializers = new Map([...graph.initializers].filter(([name]) => used.has(name)));
  return checkGraph({ ...graph, initializers }, { path });
}
