/** Bases that need no pictures. */
import { meanSquareOf } from '../../../numeric/index.ts';
import type { Basis } from './basis.ts';

interface Size {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Amplitudes of natural pictures fall with spatial frequency, about as 1/f (Field 1987); a little steeper, and colours far weaker
 * than brightness, was best at CIFAR10CNN's ReLU22 and ReLU32.
 */
const exponent = 1.15;
const chroma = 0.15;

/** What is known of any photograph: RGB or grey, in a network's normalised units. */
export function natural(size: Size): Basis {
  const { channels, height, width } = size;
  const plane = new Float32Array(height * width);
  for (let i = 0; i < plane.length; i++) {
    const frequency = Math.hypot(Math.floor(i / width), ((i % width) * height) / width);
    plane[i] = Math.max(1, frequency) ** -exponent;
  }
  const unit = 1 / Math.sqrt(meanSquareOf(plane));
  const scales = new Float32Array(channels * plane.length);
  for (let c = 0; c < channels; c++) {
    const factor = channels === 3 && c > 0 ? chroma : 1;
    for (let i = 0; i < plane.length; i++) scales[c * plane.length + i] = plane[i]! * unit * factor;
  }
  const basis = {
    name: 'natural',
    structure: { kind: 'spectrum' },
    scales,
  } as const;
  return {
    ...basis,
    colours: channels === 3 ? opponents() : identity(channels),
    centre: new Float32Array(scales.length),
  };
}

/** Nothing known: z is the picture, turned. */
export function pixels({ channels, height, width }: Size): Basis {
  const size = channels * height * width;
  const scales = new Float32Array(size).fill(1);
  const basis = {
    name: 'pixels',
    structure: { kind: 'spectrum' },
    scales,
  } as const;
  return {
    ...basis,
    colours: identity(channels),
    centre: new Float32Array(size),
  };
}

/** Brightness, blue–yellow, red–green. */
function opponents(): Float32Array {
  const [a, b, c] = [1 / Math.sqrt(3), 1 / Math.sqrt(2), 1 / Math.sqrt(6)];
  return Float32Array.of(a, b, c, a, 0, -2 * c, a, -b, c);
}

function identity(n: number): Float32Array {
  return Float32Array.from({ length: n * n }, (_, i) => (i % n === Math.floor(i / n) ? 1 : 0));
}
