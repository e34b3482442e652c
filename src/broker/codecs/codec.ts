/**
 * A codec turns tensors into bytes for the wire and back: an encoding of the elements, optionally deflated. Decoding
 * takes bytes from strangers: it refuses before it spends more memory than the shape promises.
 */

import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import {
  type CodecName,
  codecs,
  deflated,
  type EncodingName,
  encodingOf,
  isDeflatable,
  isDeflated,
} from '../../codecs.ts';
import { CutlineError } from '../../errors.ts';
import type { DType, Tensor } from '../../model/tensor.ts';
import { code } from './code.ts';
import type { Encoding, PixelLaw } from './encoding.ts';
import { float16 } from './float16.ts';
import { padded, requirePadding } from './padding.ts';
import { pictureEncoding } from './picture.ts';
import { float32, raw } from './raw.ts';
import { topk } from './topk.ts';
import { uint4 } from './uint4.ts';
import { uint8 } from './uint8.ts';
import { uint8PerChannel } from './uint8-per-channel.ts';

/** A tensor as it travels. */
export interface EncodedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly codec: string;
  readonly scale: number;
  readonly zeroPoint: number;
  readonly data: Uint8Array;
}

export interface Codec {
  /** As plans and configurations write it: `float32`, `uint8`, … each also with `+deflate`; `code`, `jpeg`, `png`, `webp`. */
  readonly name: string;
  /**
   * Floats are written by the codec; other types travel raw, for they are indices and masks.
   * @throws CutlineError CODEC_RANGE when a value does not fit the encoding
   */
  encode(name: string, tensor: Tensor): Promise<EncodedTensor>;
}

const encodings: Readonly<Record<EncodingName, Encoding>> = {
  float32,
  float16,
  'uint8-per-channel': uint8PerChannel,
  uint8,
  uint4,
  topk,
  code,
  png: pictureEncoding('png'),
  webp: pictureEncoding('webp'),
  jpeg: pictureEncoding('jpeg'),
};

const deflate = promisify(deflateRaw);

/**
 * @param pixels what a pixel is to the network, for codecs of pictures: without it each channel has a range of its own
 * @throws CutlineError CODEC_UNKNOWN
 */
export function createCodec(name: string, pixels?: PixelLaw): Codec {
  const known = codecs.find((codec) => codec === name);
  if (!known) throw new CutlineError('CODEC_UNKNOWN', { name, known: codecs.join(', ') });
  const deflates = isDeflated(known);
  return {
    name,
    async encode(tensorName, tensor) {
      const chosen = encodingFor(known, tensor.dtype);
      const { data, scale, zeroPoint } = await chosen.write(tensor, tensorName, pixels);
      return {
        name: tensorName,
        dtype: tensor.dtype,
        shape: tensor.shape,
        codec: deflates ? deflated(chosen.name) : chosen.name,
        scale,
        zeroPoint,
        // In zlib's thread: at 1 MB the event loop would stand still for tens of milliseconds. Level 4 is the first
        // that compares lazily; higher ones cost several times as much for a few percent on activations.
        data: deflates ? padded(await deflate(data, { level: 4 })) : data,
      };
    },
  };
}

/** What a codec calls the bytes that it makes of a type. */
export function writtenAs(codec: CodecName, dtype: DType): string {
  const { name } = encodingFor(codec, dtype);
  return isDeflated(codec) ? deflated(name) : name;
}

function encodingFor(codec: CodecName, dtype: DType): Encoding {
  const encoding = encodings[encodingOf(codec)];
  return encoding.carries(dtype) ? encoding : raw;
}

/** Bits that a tensor takes on the wire before deflating. @throws CutlineError TENSOR_INVALID */
export function writtenBits(encoded: EncodedTensor): number {
  const { name, dtype, codec } = encoded;
  const { encoding } = parse(codec, name);
  if (!encoding.carries(dtype) || !raw.carries(dtype)) {
    throw new CutlineError('TENSOR_INVALID', { tensor: name, problem: `${codec} does not carry ${dtype}` });
  }
  return encoding.bits(encoded, name);
}

/**
 * Bytes the tensor takes in memory, and on the wire before deflating; where that `varies` with what is in it, at most.
 * @throws CutlineError TENSOR_INVALID
 */
export function decodedSize(encoded: EncodedTensor): { bytes: number; writtenBytes: number; varies: boolean } {
  const writtenBytes = Math.ceil(writtenBits(encoded) / 8);
  const varies = parse(encoded.codec, encoded.name).encoding.varies ?? false;
  return { bytes: raw.bits(encoded, encoded.name) / 8, writtenBytes, varies };
}

/**
 * The tensor, whatever codec wrote it.
 * @throws CutlineError TENSOR_INVALID when the data is not exactly what type, shape and codec promise
 */
export async function decodeTensor(encoded: EncodedTensor): Promise<Tensor> {
  const { name, dtype, shape } = encoded;
  const { encoding, deflates } = parse(encoded.codec, name);
  const { writtenBytes, varies } = decodedSize(encoded);
  const data = deflates ? await inflated(encoded.data, writtenBytes, name) : encoded.data;
  const isLong = varies ? data.length > writtenBytes : data.length !== writtenBytes;
  if (isLong) {
    const problem = `${data.length} bytes of data for [${shape}] of ${dtype}, ${writtenBytes} expected`;
    throw new CutlineError('TENSOR_INVALID', { tensor: name, problem });
  }
  return { dtype, shape, data: await encoding.read(data, encoded, name) };
}

async function inflated(data: Uint8Array, bytes: number, where: string): Promise<Uint8Array> {
  let found: { buffer: Buffer; read: number };
  try {
    // One byte more than wanted: a bomb stops there, and is told from an exact fit by its length.
    found = await inflate(data, bytes + 1);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CutlineError('TENSOR_INVALID', { tensor: where, problem: code ?? message }, { cause: error });
  }
  requirePadding(data, found.read, where);
  return found.buffer;
}

/** With how much of the data it has read. */
function inflate(data: Uint8Array, maxOutputLength: number): Promise<{ buffer: Buffer; read: number }> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, result: unknown) => {
      if (error) return reject(error);
      const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } };
      resolve({ buffer, read: engine.bytesWritten });
    };
    inflateRaw(data, { maxOutputLength, info: true }, done);
  });
}

/** What travels raw may have been deflated as well. */
const readers: ReadonlyMap<string, Encoding> = new Map(
  [raw, ...Object.values(encodings)].flatMap((e) => {
    const names = e.name === 'raw' || isDeflatable(e.name) ? [e.name, deflated(e.name)] : [e.name];
    return names.map((name) => [name, e] as const);
  }),
);

function parse(name: string, where: string): { encoding: Encoding; deflates: boolean } {
  const encoding = readers.get(name);
  if (!encoding) throw new CutlineError('TENSOR_INVALID', { tensor: where, problem: `unknown codec ${name}` });
  return { encoding, deflates: isDeflated(name) };
}
