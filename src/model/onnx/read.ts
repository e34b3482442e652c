/** Bytes to Graph. Every file is taken for hostile: all that can be wrong ends in one coded error. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FunctionProtoSchema, type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { CutlineError } from '../../errors.ts';
import { flawOf } from '../../wire-flaws.ts';
import { checkGraph } from '../check.ts';
import type { Graph } from '../graph.ts';
import { readGraph } from './read-graph.ts';

/** onnx.proto allows 2 GB a message; onnxruntime's session of bytes has the same limit. */
export const maxModelBytes = 2 ** 31 - 1;
/** Opset 9 came with IR 4, but exporters wrote it into IR 3 files; those differ only in listing weights as inputs. */
const irVersions = { first: 3, last: 13 };
const opsetVersions = { first: 9, last: 22 };

export interface ParseOptions {
  /** Where external data may lie: the folder of the model file, and of what it links to. Without one, it is an error. */
  readonly folders?: readonly string[];
  /** What error messages call the model. Default `model`. */
  readonly path?: string;
  /** Newest opset that is read. Default 22, the newest whose shapes and costs are known here. */
  readonly lastOpset?: number;
}

/**
 * Reads and checks a model: versions, names, types, order. Nodes come back in topological order.
 * @throws CutlineError MODEL_INVALID, MODEL_VERSION, MODEL_DTYPE, MODEL_EXTERNAL_DATA, MODEL_OPERATOR_DOMAIN, MODEL_TOO_LARGE
 */
export function parseModel(bytes: Uint8Array, options: ParseOptions = {}): Graph {
  const path = options.path ?? 'model';
  const invalid = (problem: string, cause?: unknown): never => {
    throw new CutlineError('MODEL_INVALID', { path, problem }, cause === undefined ? {} : { cause });
  };
  if (bytes.length === 0) invalid('it is empty');
  if (bytes.length > maxModelBytes) throw new CutlineError('MODEL_TOO_LARGE', { path, bytes: bytes.length });
  const proto = decode(bytes) ?? invalid('it is truncated or no ONNX file');
  const flaw = flawOf(ModelProtoSchema, bytes);
  if (flaw !== undefined) invalid(`its bytes are damaged: ${flaw}`);
  if (!proto.graph) return invalid('it has no graph');
  if (proto.irVersion === 0n) invalid('it has no IR version');
  const irVersion = Number(proto.irVersion);
  if (irVersion < irVersions.first || irVersion > irVersions.last) {
    refuseVersion(path, 'IR version', irVersion, irVersions);
  }
  const opsets = new Map<string, number>();
  for (const { domain, version } of proto.opsetImport) opsets.set(domain === 'ai.onnx' ? '' : domain, Number(version));
  if (opsets.size === 0) invalid('it imports no operator set: it is truncated or no ONNX file');
  const opset = opsets.get('');
  const opsetRange = { ...opsetVersions, last: options.lastOpset ?? opsetVersions.last };
  if (opset !== undefined && (opset < opsetRange.first || opset > opsetRange.last)) {
    refuseVersion(path, 'Opset', opset, opsetRange);
  }
  const frame = { opsets, irVersion: Math.max(irVersion, 4) };
  const graph = readGraph(proto.graph, frame, { path, folders: options.folders ?? [] });
  const metadata = new Map(proto.metadataProps.map((p) => [p.key, p.value]));
  const functions = proto.functions.map((f) => toBinary(FunctionProtoSchema, f));
  const domains = new Set(proto.functions.map((f) => f.domain));
  return checkGraph(
    { ...graph, ...(metadata.size > 0 && { metadata }), ...(functions.length > 0 && { functions }) },
    { path, functionDomains: domains },
  );
}

function decode(bytes: Uint8Array): ModelProto | undefined {
  try {
    return fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false, recursionLimit: 100 });
  } catch {
    return undefined;
  }
}

function refuseVersion(path: string, what: string, found: number, range: { first: number; last: number }): never {
  throw new CutlineError('MODEL_VERSION', { path, what, found, supported: `${range.first} to ${range.last}` });
}
