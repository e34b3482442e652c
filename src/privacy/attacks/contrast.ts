/**
 * The contrast of what was made. Whoever minimises squares hedges: strokes come out grey and paper hazy, and where pictures
 * are nearly black and white that costs more than all other errors (LeNet at ReLU2, 50 victims: SSIM .87, drawn apart .98,
 * and 2.7 dB more). How far to draw apart is tried on the attacker's own pictures.
 */
import { toPixels } from '../../data/index.ts';
import { asFloat32, float32, type Graph, GraphBuilder, type Tensor } from '../../model/index.ts';
import { type Images, psnr, ssim } from '../metrics/index.ts';
import type { AttackContext } from './attack.ts';

type Picture = AttackContext['preprocessing'];

/** About the middle of a pixel's range; what leaves the range is cut off, but for 1, which changes nothing. */
const gains = [1, 1.1, 1.25, 1.5, 2] as const;
/** SSIM that a gain must bring: less is chance. */
const worthwhile = 0.005;

export interface Contrast {
  readonly gain: number;
  /** Of each picture, with that gain. */
  readonly ssim: Float64Array;
  /** dB */
  readonly psnr: Float64Array;
}

/**
 * @param made network inputs [n, …], finite
 * @param truth the same pictures as they are
 */
export function bestContrast(made: Tensor, truth: Tensor, picture: Picture): Contrast {
  const images = (t: Tensor): Images => ({ ...picture, count: t.shape[0]!, data: toPixels(t, picture) });
  const aim = images(truth);
  const tried = gains.map((gain) => {
    const seen = images(drawnApart(made, gain, picture));
    return { gain, ssim: ssim(aim, seen), psnr: psnr(aim, seen) };
  });
  const mean = ({ ssim }: Contrast) => ssim.reduce((a, b) => a + b, 0) / ssim.length;
  const best = tried.reduce((a, b) => (mean(b) > mean(a) ? b : a));
  return mean(best) > mean(tried[0]!) + worthwhile ? best : tried[0]!;
}

/** @param pictures network inputs [n, …] */
export function drawnApart(pictures: Tensor, gain: number, picture: Picture): Tensor {
  if (gain === 1) return pictures;
  const { middle, least, most } = rangeOf(picture);
  const { channels, height, width, layout } = picture;
  const channelOf = (i: number) => (layout === 'NCHW' ? Math.floor(i / (height * width)) % channels : i % channels);
  const data = asFloat32(pictures).map((v, i) => {
    const c = channelOf(i);
    return Math.max(least[c]!, Math.min(most[c]!, middle[c]! + gain * (v - middle[c]!)));
  });
  return float32(data, pictures.shape);
}

/** The same as the end of a decoder, whose one output are pictures. */
export function drawingApart(decoder: Graph, gain: number, picture: Picture): Graph {
  if (gain === 1) return decoder;
  const { middle, least, most } = rangeOf(picture);
  const shape = picture.layout === 'NCHW' ? [1, picture.channels, 1, 1] : [1, 1, 1, picture.channels];
  const out = decoder.outputs[0]!;
  const b = GraphBuilder.from(decoder);
  const row = (values: readonly number[]) => b.initializer(float32(values, shape));
  const stretched = b.op('Mul', [b.op('Sub', [out.name, row(middle)]), b.constant(gain)]);
  const moved = b.op('Add', [stretched, row(middle)]);
  b.output(b.op('Max', [b.op('Min', [moved, row(most)]), row(least)]), out.dtype, out.shape);
  return b.build(decoder.name);
}

/** Middle and ends of a pixel's range in the network's units, by channel. */
function rangeOf({ mean, std }: Picture) {
  const at = (pixel: number) => mean.map((m, c) => (pixel - m) / std[c]!);
  return { middle: at(0.5), least: at(0), most: at(1) };
}
