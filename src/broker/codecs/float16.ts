/** IEEE 754 binary16: half the bytes, 11 significant bits. */
import { CutlineError } from '../../errors.ts';
import { fromHalves, type TensorData, toHalves } from '../../model/index.ts';
import type { Encoding } from './encoding.ts';

export const float16: Encoding = {
  name: 'float16',
  elementBytes: (dtype) => (dtype === 'float32' ? 2 : undefined),
  write(data, where) {
    const values = float32sOf(data);
    const halves = toHalves(values);
    for (let i = 0; i < halves.length; i++) {
      if ((halves[i]! & 0x7fff) === 0x7c00 && Number.isFinite(values[i])) throw tooLarge(values[i]!, where);
    }
    return { data: new Uint8Array(halves.buffer), scale: 0, zeroPoint: 0 };
  },
  read({ data }) {
    return fromHalves(new Uint16Array(Uint8Array.from(data).buffer));
  },
};

export function float32sOf(data: TensorData): Float32Array {
  if (!(data instanceof Float32Array)) throw new TypeError('expected float32');
  return data;
}

function tooLarge(value: number, where: string): CutlineError {
  return new CutlineError('CODEC_RANGE', { tensor: where, codec: 'float16', problem: `${value} is beyond ±65504` });
}
