import type { CaseGenerator } from './sketch.ts';

const batchNorm: CaseGenerator = (s) => {
  const c = s.int(1, 4);
  const x = s.real([s.int(1, 3), c, ...s.shape(0, 3)]);
  const parameters = [s.weight([c]), s.weight([c]), s.initializer(s.values([c])), s.initializer(s.values([c], 0.5, 2))];
  s.node('BatchNormalization', [x, ...parameters], s.bool() ? { epsilon: { float: 0.01 } } : {});
};

/** The statistics of the batch itself; running ones are outputs beside. */
const trainingBatchNorm: CaseGenerator = (s) => {
  const c = s.int(1, 3);
  const x = s.real([s.int(2, 3), c, s.int(1, 3), s.int(2, 3)]);
  const parameters = [s.weight([c]), s.weight([c]), s.initializer(s.values([c])), s.initializer(s.values([c], 0.5, 2))];
  s.opset = s.pick([9, 17]);
  const mode: Record<string, number> = s.opset < 14 ? {} : { training_mode: 1 };
  const attributes = { ...mode, epsilon: { float: 0.01 } };
  const [y] = s.inners('BatchNormalization', [x, ...parameters], attributes, s.opset < 14 ? 5 : 3);
  s.node('Tanh', [y!]);
};

const instanceNorm: CaseGenerator = (s) => {
  const c = s.int(1, 3);
  const x = s.real([s.int(1, 2), c, s.int(2, 4), s.int(1, 4)]);
  s.node('InstanceNormalization', [x, s.weight([c]), s.weight([c])], { epsilon: { float: 0.01 } });
};

const layerNorm =
  (outputs: number): CaseGenerator =>
  (s) => {
    const shape = [...s.shape(1, 3), s.int(2, 4)];
    const axis = s.int(0, shape.length - 1);
    const inner = shape.slice(axis);
    const bias = s.bool() ? [s.weight(inner)] : [];
    const signed = s.bool() ? axis : axis - shape.length;
    const attributes = { axis: signed, epsilon: { float: 0.01 } };
    s.node('LayerNormalization', [s.real(shape), s.weight(inner), ...bias], attributes, outputs);
  };

const rmsNorm: CaseGenerator = (s) => {
  s.opset = 23;
  const shape = [...s.shape(1, 2), s.int(2, 4)];
  const axis = s.int(-shape.length, -1);
  s.node('RMSNormalization', [s.real(shape), s.weight(shape.slice(axis))], { axis, epsilon: { float: 0.01 } });
};

const groupNorm: CaseGenerator = (s) => {
  s.opset = s.pick([18, 21]);
  const num_groups = s.int(1, 3);
  const channels = num_groups * s.int(1, 2);
  const x = s.real([s.int(1, 2), channels, s.int(2, 3), s.int(1, 3)]);
  const own = [s.opset === 18 ? num_groups : channels];
  s.node('GroupNormalization', [x, s.weight(own), s.weight(own)], { num_groups, epsilon: { float: 0.01 } });
};

const meanVariance: CaseGenerator = (s) => {
  const shape = [s.int(2, 3), s.int(1, 3), s.int(2, 3), s.int(1, 3)];
  s.node('MeanVarianceNormalization', [s.real(shape)], s.bool() ? {} : { axes: s.pick([[0, 2], [2, 3, 0], [0]]) });
};

const lpNorm: CaseGenerator = (s) => {
  const shape = [...s.shape(1, 2), s.int(2, 4)];
  const axis = s.bool() ? shape.length - 1 : -1;
  s.node('LpNormalization', [s.real(shape)], s.bool() ? { axis } : { axis, p: s.int(1, 2) });
};

const lrn: CaseGenerator = (s) => {
  const x = s.real([s.int(1, 2), s.int(1, 5), s.int(1, 3), s.int(1, 3)]);
  const constants = { alpha: { float: 0.5 }, beta: { float: 0.75 }, bias: { float: 1.5 } };
  s.node('LRN', [x], { size: s.pick([1, 3, 5]), ...constants });
};

export const normalizationCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  BatchNormalization: [batchNorm, trainingBatchNorm],
  InstanceNormalization: [instanceNorm],
  LayerNormalization: [layerNorm(1), layerNorm(3)],
  LRN: [lrn],
  RMSNormalization: [rmsNorm],
  GroupNormalization: [groupNorm],
  MeanVarianceNormalization: [meanVariance],
  LpNormalization: [lpNorm],
};
