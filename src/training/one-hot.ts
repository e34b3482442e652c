import { float32, type Tensor } from '../model/index.ts';

/** Labels as rows of a 1 among zeros: [labels, classes]. */
export function oneHot(labels: Int32Array, classes: number): Tensor {
  const data = new Float32Array(labels.length * classes);
  for (const [i, label] of labels.entries()) data[i * classes + label] = 1;
  return float32(data, [labels.length, classes]);
}
