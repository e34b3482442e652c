/** Weights as TensorFlow.js keeps them: groups of tensors laid one after the other over several files. */
import { readBounded } from '../../files.ts';
import { fromHalves } from '../half.ts';
import { homesOf, insideFolder, OutsideError } from '../inside.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { isObject, list, malformed, number, object, text, wholeNumber } from './json.ts';

const maxBytes = 2 ** 31 - 1;
const maxRank = 16;
const widths = new Map(Object.entries({ float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 }));

export interface Weights {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The files in the order of the manifest, for the digest of the model. */
  readonly files: readonly Uint8Array[];
}

/**
 * @param manifest `weightsManifest` of model.json
 * @param path of model.json: shards lie beside it
 * @throws MalformedError; CutlineError when a file cannot be read
 */
export async function readWeights(manifest: unknown, path: string): Promise<Weights> {
  const tensors = new Map<string, Tensor>();
  const files: Uint8Array[] = [];
  let total = 0;
  for (const entry of list(manifest, 'weightsManifest')) {
    const group = object(entry, 'a group of weightsManifest');
    const parts: Uint8Array[] = [];
    for (const p of list(group.paths, 'paths of weightsManifest')) {
      const bytes = await readBounded(shard(text(p, 'a path of weightsManifest'), path), maxBytes - total);
      total += bytes.length;
      parts.push(bytes);
    }
    files.push(...parts);
    readGroup(list(group.weights, 'weights of weightsManifest'), Buffer.concat(parts), tensors);
  }
  return { tensors, files };
}

function shard(location: string, path: string): string {
  try {
    return insideFolder(homesOf(path), location);
  } catch (error) {
    if (error instanceof OutsideError) malformed(`weights in ${location}: ${error.message.replace(/\.$/, '')}`);
    const { code, message } = error as NodeJS.ErrnoException;
    return malformed(`weights in ${location}: ${code === 'ENOENT' ? 'no such file beside it' : (code ?? message)}`);
  }
}

function readGroup(specs: readonly unknown[], bytes: Uint8Array, tensors: Map<string, Tensor>): void {
  let at = 0;
  for (const s of specs) {
    const spec = object(s, 'a weight');
    const name = text(spec.name, 'the name of a weight');
    const shape = list(spec.shape, `the shape of weight ${name}`).map((d) =>
      wholeNumber(d, `the shape of weight ${name}`),
    );
    if (shape.length > maxRank || shape.some((d) => d < 0)) malformed(`weight ${name} has shape [${shape}]`);
    if (tensors.has(name)) malformed(`weight ${name} is there twice`);
    const quantization = isObject(spec.quantization) ? spec.quantization : undefined;
    const stored = text(quantization?.dtype ?? spec.dtype, `the type of weight ${name}`);
    const width = widths.get(stored) ?? malformed(`weight ${name} has type ${stored}`);
    const end = at + sizeOf(shape) * width;
    if (!(end <= bytes.length)) malformed(`weight ${name} needs bytes up to ${end}, its files have ${bytes.length}`);
    // A copy, so that it is aligned; `slice` of a Buffer would be a view.
    const raw = new Uint8Array(bytes.subarray(at, end)).buffer;
    at = end;
    const number64 = (key: string): number => number(quantization?.[key], `${key} of weight ${name}`);
    const wanted = text(spec.dtype, `the type of weight ${name}`);
    tensors.set(name, decode({ shape, stored, wanted, raw, number64, name }));
  }
  if (at !== bytes.length) malformed(`${bytes.length - at} bytes of weights belong to no tensor`);
}

interface Stored {
  readonly name: string;
  readonly shape: readonly number[];
  readonly stored: string;
  readonly wanted: string;
  readonly raw: ArrayBuffer;
  readonly number64: (key: string) => number;
}

function decode({ name, shape, stored, wanted, raw, number64 }: Stored): Tensor {
  if (stored === wanted) {
    if (stored === 'float32') return { dtype: 'float32', shape, data: new Float32Array(raw) };
    if (stored === 'int32') return { dtype: 'int32', shape, data: new Int32Array(raw) };
    if (stored === 'bool') return { dtype: 'bool', shape, data: new Uint8Array(raw) };
  }
  if (stored === 'float16' && wanted === 'float32') {
    return { dtype: 'float32', shape, data: fromHalves(new Uint16Array(raw)) };
  }
  if (stored === 'uint8' || stored === 'uint16') {
    const levels = stored === 'uint8' ? new Uint8Array(raw) : new Uint16Array(raw);
    const [scale, min] = [number64('scale'), number64('min')];
    if (wanted === 'float32') return { dtype: 'float32', shape, data: dequantized(levels, scale, min) };
    if (wanted === 'int32') {
      return { dtype: 'int32', shape, data: Int32Array.from(levels, (v) => Math.round(v * scale + min)) };
    }
  }
  return malformed(`weight ${name} has type ${wanted}, stored as ${stored}`);
}

function dequantized(levels: Uint8Array | Uint16Array, scale: number, min: number): Float32Array {
  const data = new Float32Array(levels.length);
  for (let i = 0; i < data.length; i++) data[i] = levels[i]! * scale + min;
  return data;
}
