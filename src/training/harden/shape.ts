/** How a code of so many bits lies over the activation it stands for. */
import { CutlineError } from '../../errors.ts';
import { sizeOf } from '../../model/index.ts';
import { type Layout, layoutOf, type PictureSize } from '../layout.ts';

/** A code that may be sent: its first channels, and the rest left out. */
export interface Rate {
  /** Of one picture: what any attacker can learn from a message is no more. */
  readonly bits: number;
  readonly channels: number;
}

/** How the values of the activation are read. */
export type Reading =
  /** A map over the picture. */
  | Extract<Layout, { kind: 'map' }>
  /** Tokens one after another, [tokens, channels]. */
  | { readonly kind: 'sequence'; readonly tokens: number; readonly channels: number }
  | { readonly kind: 'list'; readonly size: number };

export interface CodeShape {
  readonly reading: Reading;
  /** Of the activation, without the batch. */
  readonly activation: readonly number[];
  /** The code's own: [channels, height, width], or [channels] of a list. */
  readonly shape: readonly number[];
  readonly channels: number;
  /** Elements of a channel. */
  readonly cells: number;
  /** How much coarser than the activation: 1, 2, 4 … */
  readonly factor: number;
  readonly levels: number;
  /** Most bits first. */
  readonly rates: readonly Rate[];
}

export type Levels = 2 | 4 | 8 | 16;

/** A code of the highest rate has at least so many channels, and so many of its cells, where the activation is large enough. */
const [fewestChannels, channelsPerCell] = [6, 1 / 4];

/**
 * @param activation shape without the batch
 * @param bits of the rates that are wanted; each becomes the most that is not more
 * @throws CutlineError CODE_RATE
 */
export function codeShape(
  cut: string,
  activation: readonly number[],
  picture: PictureSize,
  bits: readonly number[],
  levels: Levels,
): CodeShape {
  const perElement = Math.log2(levels);
  const [most, least] = [Math.max(...bits), Math.min(...bits)];
  const size = sizeOf(activation);
  const refuse = (rate: number, problem: string): never => {
    throw new CutlineError('CODE_RATE', { cut, bits: rate, problem });
  };
  if (least < perElement) refuse(least, `one value of ${levels} levels takes ${perElement}`);
  if (most > size * perElement)
    refuse(most, `the activation has ${size} values, and a code of as many takes ${size * perElement}`);
  const reading = readingOf(activation, picture);
  const { factor, cells } = coarseness(reading, { most: most / perElement, least: least / perElement });
  const channelsOf = (rate: number) => Math.floor(rate / (perElement * cells));
  const channels = channelsOf(most);
  const rates = [...new Set(bits.map(channelsOf))]
    .sort((a, b) => b - a)
    .map((n): Rate => ({ channels: n, bits: n * cells * perElement }));
  const place = gridOf(reading, factor);
  const shape = place ? [channels, place.height, place.width] : [channels];
  return { reading, activation, shape, channels, cells, factor, levels, rates };
}

function readingOf(activation: readonly number[], picture: PictureSize): Reading {
  const layout = layoutOf(activation, picture);
  if (layout.kind === 'map' && layout.skip === 0) return layout;
  const [tokens, channels] = activation;
  if (activation.length === 2 && tokens! > 1) return { kind: 'sequence', tokens: tokens!, channels: channels! };
  return { kind: 'list', size: sizeOf(activation) };
}

function gridOf(reading: Reading, factor: number): { readonly height: number; readonly width: number } | undefined {
  if (reading.kind === 'list') return undefined;
  const { height, width } = reading.kind === 'map' ? reading : { height: reading.tokens, width: 1 };
  return { height: Math.ceil(height / factor), width: Math.ceil(width / factor) };
}

/** The finest at which the largest rate has some channels, and the smallest has one. */
function coarseness(reading: Reading, elements: { readonly most: number; readonly least: number }) {
  if (reading.kind === 'list') return { factor: 1, cells: 1 };
  for (let factor = 1; ; factor *= 2) {
    const { height, width } = gridOf(reading, factor)!;
    const cells = height * width;
    const fewest = Math.max(fewestChannels, channelsPerCell * cells);
    const suits = elements.most >= fewest * cells && elements.least >= cells;
    if (suits || cells === 1) return { factor, cells };
  }
}
