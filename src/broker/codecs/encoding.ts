/**
 * An encoding writes the elements of one tensor as bytes and reads them back. It does not compress, frame, or check
 * lengths: `codec.ts` does. All are little-endian, as is every platform onnxruntime-node ships for.
 */
import type { EncodingName } from '../../codecs.ts';
import { type DType, sizeOf, type Tensor, type TensorData } from '../../model/tensor.ts';

/** What a message says of a tensor beside its elements. */
export interface Layout {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Of affine encodings: x = scale · (q − zeroPoint). A code says its levels and its length with them. Otherwise 0. */
  readonly scale: number;
  readonly zeroPoint: number;
}

export interface Encoded extends Pick<Layout, 'scale' | 'zeroPoint'> {
  readonly data: Uint8Array;
}

/** What pixels are to the network, as its card says: x = (pixel / 255 − mean) / std. */
export interface PixelLaw {
  readonly layout: 'NCHW' | 'NHWC';
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface Encoding {
  readonly name: 'raw' | EncodingName;
  /** Its length depends on what is in it: `bits` is the most it may be. */
  readonly varies?: true;
  carries(dtype: DType): boolean;
  /**
   * Bits that a tensor of this layout takes on the wire, of a type that the encoding carries; the last byte is filled up with zeros.
   * The layout may come from strangers. @throws CutlineError TENSOR_INVALID
   */
  bits(layout: Layout, where: string): number;
  /** @throws CutlineError CODEC_RANGE for values the encoding has no room for; `where` names the tensor */
  write(tensor: Tensor, where: string, pixels?: PixelLaw): Encoded | Promise<Encoded>;
  /** `data` has exactly the bytes of the layout, or no more where they vary. @throws CutlineError TENSOR_INVALID */
  read(data: Uint8Array, layout: Layout, where: string): TensorData | Promise<TensorData>;
}

/** Of encodings of float32 in which every element takes as many bits. */
export function floatsOf(bits: number): Pick<Encoding, 'carries' | 'bits'> {
  return { carries: (dtype) => dtype === 'float32', bits: ({ shape }) => bits * sizeOf(shape) };
}

export function float32sOf({ data }: Pick<Tensor, 'data'>): Float32Array {
  if (!(data instanceof Float32Array)) throw new TypeError('expected float32');
  return data;
}
