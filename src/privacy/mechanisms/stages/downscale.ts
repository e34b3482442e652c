/** `input.downscale`: squares of pixels become their mean; the network still gets its size. */
import { stageText } from '../spec.ts';
import type { StageKind } from '../stage.ts';
import { separable } from './separable.ts';

export const downscale: StageKind = {
  name: 'downscale',
  usage: 'input.downscale(by=2)',
  places: ['input'],
  make(args) {
    const by = args.number('by', { least: 2, most: 1024, whole: true });
    args.done();
    const matrices = new Map<number, Float32Array>();
    const matrixOf = (size: number) => matrices.get(size) ?? matrices.set(size, blocks(size, by)).get(size)!;
    return separable(stageText('downscale', { by }), matrixOf, () => args.error(undefined, 'a picture to scale down'));
  },
};

/** The last block is smaller where the size is no multiple. */
function blocks(size: number, by: number): Float32Array {
  const matrix = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    const first = Math.floor(i / by) * by;
    const after = Math.min(size, first + by);
    matrix.fill(1 / (after - first), i * size + first, i * size + after);
  }
  return matrix;
}
