/**
 * An encoding writes the elements of one tensor as bytes and reads them back. It does not compress, frame, or check
 * lengths: `codec.ts` does. All are little-endian, as is every platform onnxruntime-node ships for.
 */
import type { EncodingName } from '../../codecs.ts';
import type { DType, TensorData } from '../../model/tensor.ts';

export interface Encoded {
  readonly data: Uint8Array;
  /** Meaningful for affine encodings only: x = scale · (q − zeroPoint). */
  readonly scale: number;
  readonly zeroPoint: number;
}

export interface Encoding {
  readonly name: 'raw' | EncodingName;
  /** Bytes an element takes on the wire; undefined where the encoding does not carry the type. */
  elementBytes(dtype: DType): number | undefined;
  /** @throws CutlineError CODEC_RANGE for values the encoding has no room for; `where` names the tensor */
  write(data: TensorData, where: string): Encoded;
  /** `encoded.data` holds exactly `count` elements. @throws CutlineError TENSOR_INVALID */
  read(encoded: Encoded, dtype: DType, count: number, where: string): TensorData;
}
