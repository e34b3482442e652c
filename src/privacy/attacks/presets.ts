/** The hyper-parameters He et al. (2019) published for their code, by network input and cut: for Adam on that code's formula. */

export interface Preset {
  readonly iterations: number;
  readonly learningRate: number;
  readonly lambdaTv: number;
  readonly lambdaL2: number;
}

const preset = (iterations: number, learningRate: number, lambdaTv: number, lambdaL2 = 0): Preset => ({
  iterations,
  learningRate,
  lambdaTv,
  lambdaL2,
});

/** Keys: channels of the picture, then the cut. */
const published: Readonly<Record<string, Preset>> = {
  '1 conv1': preset(500, 1e-2, 0),
  '1 ReLU2': preset(5000, 1e-2, 1),
  '1 fc3': preset(5000, 1e-2, 1e3),
  '3 conv11': preset(5000, 1e-2, 0),
  '3 ReLU12': preset(5000, 1e-2, 0),
  '3 pool1': preset(5000, 1e-2, 0),
  '3 conv22': preset(5000, 1e-2, 10),
  '3 ReLU22': preset(5000, 1e-2, 10),
  '3 pool2': preset(5000, 1e-2, 10),
  '3 ReLU32': preset(5000, 1e-2, 1e3),
  '3 fc1': preset(5000, 1e-3, 1e4),
  '3 fc2': preset(500, 1e-1, 5e2, 1e2),
};

/** Undefined for cuts the paper does not list. */
export function publishedPreset(channels: number, cut: string): Preset | undefined {
  return published[`${channels} ${cut}`];
}
