/** What the planner knows about a model: plain figures, so that everything after this is arithmetic. */

import { lengthBits } from '../broker/index.ts';
import { carriesCodes, carriesPictures, lengthVaries } from '../codecs.ts';
import type { FixedInput, NodeWork } from '../model/index.ts';
import type { CodecName } from '../plan/index.ts';
import { codeBits } from './code.ts';
import type { Layers } from './layers.ts';

export interface CutTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Of a code: it has 2^bits levels. */
  readonly bits?: number | undefined;
}

export interface CutFacts {
  /** `input` is all-cloud, `output` is all-device. */
  readonly id: string;
  readonly tensors: readonly CutTensor[];
  /** Bytes of the tensors as they are. */
  readonly activationBytes: number;
  readonly head: readonly NodeWork[];
  readonly tail: readonly NodeWork[];
  /** What of the network the device runs. */
  readonly layers: Layers;
  /** Bytes of the head's weights: what a device has to download. */
  readonly headWeightBytes: number;
  /** The most that lives at once while the head runs, its weights apart; reckoned from shapes. */
  readonly headPeakBytes?: number;
  /** Payload bytes by codec, measured on pictures; codecs that are missing are modelled. */
  readonly payloadBytes?: Readonly<Partial<Record<CodecName, number>>>;
}

export interface ModelFacts {
  readonly sha256: string;
  /** Inputs that are part of the network: with others, or other values, it is another one. */
  readonly fixed?: readonly FixedInput[];
  /** In order of depth, with `input` first and `output` last. */
  readonly cuts: readonly CutFacts[];
  /** Bytes of the model's outputs: the answer that comes back. */
  readonly answerBytes: number;
}

/** What the planner chooses between. */
export interface Option {
  readonly cut: CutFacts;
  readonly defense: string;
  readonly codec: CodecName;
}

/**
 * Every cut × defense × codec. All-device once: nothing is sent, so nothing is encoded or defended. All-cloud undefended:
 * it stands for sending the picture, whatever it is called. A codec of codes is no option where none is sent, nor one of pictures where
 * something else is, unless nothing else is asked for: then somebody has to hear why.
 */
export function optionsOf(
  model: ModelFacts,
  defenses: (cut: string) => readonly string[],
  codecs: readonly CodecName[],
): readonly Option[] {
  return model.cuts.flatMap((cut): Option[] => {
    if (cut.id === 'output') return [{ cut, defense: 'none', codec: 'float32' }];
    const offered = cut.id === 'input' ? ['none'] : defenses(cut.id);
    return offered.flatMap((defense) => {
      const fitting = codecs.filter((codec) => fits(codec, cut, defense));
      return (fitting.length > 0 ? fitting : codecs).map((codec) => ({ cut, defense, codec }));
    });
  });
}

/** Of the device while its part runs; null where nobody reckoned it. */
export const memoryBytesOf = ({ headWeightBytes, headPeakBytes }: CutFacts): number | null =>
  headPeakBytes === undefined ? null : headWeightBytes + headPeakBytes;

/** Whether the codec has a form for what is sent there. */
export function fits(codec: CodecName, cut: CutFacts, defense: string): boolean {
  if (carriesCodes(codec)) return codeBits({ cut, defense }) !== undefined;
  return !carriesPictures(codec) || isPicture(cut);
}

/** One picture of one or three channels, as the network takes it. */
export function isPicture({ id, tensors: [t, ...others] }: Pick<CutFacts, 'id' | 'tensors'>): boolean {
  if (id !== 'input' || !t || others.length > 0 || t.dtype !== 'float32' || t.shape.length !== 4) return false;
  return t.shape[0] === 1 && [t.shape[1], t.shape[3]].some((n) => n === 1 || n === 3);
}

/** Bits that the length of a message tells whoever sees it go by, encrypted or not, at most; 0 where it is always the same. */
export function lengthBitsOf(codec: CodecName, { id, activationBytes }: CutFacts): number {
  return id === 'output' || !lengthVaries(codec) ? 0 : lengthBits(activationBytes + SLACK_BYTES);
}

/** What compressing may add to what cannot be compressed. */
const SLACK_BYTES = 4096;
