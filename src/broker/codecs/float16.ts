/** IEEE 754 binary16: half the bytes, 11 significant bits. */
import { CutlineError } from '../../errors.ts';
import { fromHalves, toHalves } from '../../model/index.ts';
import { type Encoding, float32sOf, floatsOf } from './encoding.ts';

export const float16: Encoding = {
  name: 'float16',
  ...floatsOf(16),
  write(tensor, where) {
    const values = float32sOf(tensor);
    const halves = toHalves(values);
    for (let i = 0; i < halves.length; i++) {
      if ((halves[i]! & 0x7fff) === 0x7c00 && Number.isFinite(values[i])) throw tooLarge(values[i]!, where);
    }
    return { data: new Uint8Array(halves.buffer), scale: 0, zeroPoint: 0 };
  },
  read: (data) => fromHalves(new Uint16Array(new Uint8Array(data).buffer)),
};

function tooLarge(value: number, where: string): CutlineError {
  return new CutlineError('CODEC_RANGE', { tensor: where, codec: 'float16', problem: `${value} is beyond ±65504` });
}
