import type { CaseGenerator } from './sketch.ts';

const batchNorm: CaseGenerator = (s) => {
  const c = s.int(1, 4);
  const x = s.real([s.int(1, 3), c, ...s.shape(0, 3)]);
  const parameters = [s.weight([c]), s.weight([c]), s.initializer(s.values([c])), s.initializer(s.values([c], 0.5, 2))];
  s.node('BatchNormalization', [x, ...parameters], s.bool() ? { epsilon: { float: 0.01 } } : {});
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

const lrn: CaseGenerator = (s) => {
  const x = s.real([s.int(1, 2), s.int(1, 5), s.int(1, 3), s.int(1, 3)]);
  const constants = { alpha: { float: 0.5 }, beta: { float: 0.75 }, bias: { float: 1.5 } };
  s.node('LRN', [x], { size: s.pick([1, 3, 5]), ...constants });
};

export const normalizationCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  BatchNormalization: [batchNorm],
  InstanceNormalization: [instanceNorm],
  LayerNormalization: [layerNorm(1), layerNorm(3)],
  LRN: [lrn],
};
