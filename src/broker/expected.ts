/**
 * Tensors as a plan says them, and messages held against that: names, types, shapes, codec and sizes, all from what a message
 * announces, before anything is unpacked. A few bytes may announce many.
 */
import { carriesCodes, deflated, isDeflated } from '../codecs.ts';
import { bytesPerElement, type DType, sizeOf } from '../model/tensor.ts';
import type { Plan } from '../plan/index.ts';
import { decodedSize, type EncodedTensor, writtenAs, writtenBits } from './codecs/codec.ts';
import { paddedLength } from './codecs/padding.ts';
import { defaultLimits, type Limits } from './limits.ts';

export interface ExpectedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Any of these; the first is what is sent where nothing is said. */
  readonly codecs: readonly string[];
  /** Of a code: an element has at most so many. */
  readonly bits?: number | undefined;
}

/** What the plan sends. */
export function expectedActivation({ cut, codec }: Pick<Plan, 'cut' | 'codec'>): ExpectedTensor[] {
  return cut.tensors.map(({ name, dtype, shape, bits }) => {
    const type = dtype as DType;
    const written = { name, dtype: type, shape, codecs: [writtenAs(codec, type)] };
    // Another codec writes a code's values as any others.
    return carriesCodes(codec) ? { ...written, bits } : written;
  });
}

/** What its tail answers: lossless, deflated or not. Nothing where the plan sends nothing. */
export function expectedAnswer({ answer = [] }: Pick<Plan, 'answer'>): ExpectedTensor[] {
  return answer.map(({ name, dtype, shape }) => {
    const names = dtype === 'float32' ? ['float32', 'raw'] : ['raw'];
    return { name, dtype, shape, codecs: names.flatMap((n) => [n, deflated(n)]) };
  });
}

/**
 * What is wrong with tensors that a message announces; undefined where they are the expected ones, in any order.
 * @param sent with names that differ, as `decodeEnvelope` gives them
 */
export function misfit(sent: readonly EncodedTensor[], expected: readonly ExpectedTensor[]): string | undefined {
  const wrong = expected.some(({ name, dtype, shape }) => {
    const t = sent.find((s) => s.name === name);
    return t?.dtype !== dtype || t.shape.length !== shape.length || !shape.every((d, i) => d === t.shape[i]);
  });
  if (wrong || sent.length !== expected.length) {
    const names = (all: readonly Pick<EncodedTensor, 'name' | 'dtype' | 'shape'>[]) =>
      all.map(({ name, dtype, shape }) => `${name} ${dtype}[${shape}]`).join(', ');
    return `the plan says ${names(expected)}; got ${names(sent).slice(0, 300)}`;
  }
  for (const e of expected) {
    const problem = misfitOf(sent.find((s) => s.name === e.name)!, e);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function misfitOf(sent: EncodedTensor, { name, codecs, bits, shape }: ExpectedTensor): string | undefined {
  if (!codecs.includes(sent.codec)) return `${name} is written as ${sent.codec}; the plan says ${codecs.join(' or ')}`;
  if (bits !== undefined && writtenBits(sent) > bits * sizeOf(shape))
    return `${name} is a finer code than one of ${bits} bits`;
  const { writtenBytes, varies } = decodedSize(sent);
  const { length } = sent.data;
  const most = isDeflated(sent.codec) ? mostDeflatedBytes(writtenBytes) : writtenBytes;
  const fits = varies || isDeflated(sent.codec) ? length <= most : length === writtenBytes;
  return fits ? undefined : `${name} has ${length} bytes of data, ${writtenBytes} before deflating are right`;
}

/** Of an MQTT packet with these tensors, or with a failure in their place, however it is written. */
export function mostPacketBytes(
  expected: readonly ExpectedTensor[],
  { stringBytes, rank }: Limits = defaultLimits,
): number {
  const around = 8 * stringBytes;
  const each = ({ name, dtype, shape }: ExpectedTensor) =>
    mostDeflatedBytes(sizeOf(shape) * (bytesPerElement(dtype) ?? 0)) + Buffer.byteLength(name) + 5 * rank + 128;
  return expected.reduce((bytes, e) => bytes + each(e), around);
}

/** What does not deflate is stored, in blocks of 64 KiB with a few bytes each; smaller blocks than zlib's are allowed for; and it is padded. */
const mostDeflatedBytes = (bytes: number): number => paddedLength(Math.ceil(bytes * 1.02) + 64);
