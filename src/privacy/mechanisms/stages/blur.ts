/** `input.blur`: what people do first. A Gaussian blur of the picture, edges continued. */
import { stageText } from '../spec.ts';
import type { StageKind } from '../stage.ts';
import { separable } from './separable.ts';

export const blur: StageKind = {
  name: 'blur',
  usage: 'input.blur(sigma=1.5), in pixels',
  places: ['input'],
  make(args) {
    const sigma = args.number('sigma', { least: 0.1, most: 100 });
    args.done();
    const matrices = new Map<number, Float32Array>();
    const matrixOf = (size: number) => matrices.get(size) ?? matrices.set(size, gaussian(size, sigma)).get(size)!;
    return separable(stageText('blur', { sigma }), matrixOf, () => args.error(undefined, 'a picture to blur'));
  },
};

function gaussian(size: number, sigma: number): Float32Array {
  const matrix = new Float32Array(size * size);
  const reach = Math.ceil(4 * sigma);
  for (let i = 0; i < size; i++) {
    const row = new Float64Array(size);
    let total = 0;
    for (let k = -reach; k <= reach; k++) {
      const weight = Math.exp((-k * k) / (2 * sigma * sigma));
      row[Math.max(0, Math.min(size - 1, i + k))]! += weight;
      total += weight;
    }
    matrix.set(
      row.map((w) => w / total),
      i * size,
    );
  }
  return matrix;
}
