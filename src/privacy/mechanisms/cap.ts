/** The cap in bits: where what is sent is discrete, nobody learns more of a picture than its message has bits. */
import { type CodecName, carriesCodes } from '../../codecs.ts';
import type { Mechanism } from './mechanism.ts';

/** A tensor of a cut, as plans tell of it. */
export interface SentTensor {
  /** Of a code: it has 2^bits levels. */
  readonly bits?: number | undefined;
}

/** Bits of a picture, a tensor at a time; undefined where what is sent is no code, or the mechanism makes something else of it. */
export function codeBits(tensors: readonly SentTensor[], { kept }: Mechanism): readonly number[] | undefined {
  if (!kept || !tensors.every((t) => t.bits !== undefined)) return undefined;
  return kept.map((elements, i) => elements * tensors[i]!.bits!);
}

/**
 * Of one message; null where nothing makes it discrete. Of a code only where the codec carries nothing else: that is what holds
 * a device to it.
 * @param mechanism for the shapes of these tensors
 */
export function bitsCapOf(tensors: readonly SentTensor[], mechanism: Mechanism, codec: CodecName): number | null {
  const code = carriesCodes(codec) ? codeBits(tensors, mechanism) : undefined;
  const caps = [code?.reduce((a, b) => a + b, 0), mechanism.bitsCap].filter((cap) => typeof cap === 'number');
  return caps.length > 0 ? Math.min(...caps) : null;
}
