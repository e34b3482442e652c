/** Normalisations: ranks, axes, optional inputs and outputs, parameters fed or constant. */
import { product, type Sweep } from '../variant.ts';

const shapes = [
  [3, 2],
  [2, 3, 4],
  [2, 3, 2, 3],
  [1, 2, 2, 2, 2],
] as const;
const epsilons = [undefined, 0.1] as const;
const epsilon = (e: number | undefined) => (e === undefined ? {} : { epsilon: { float: e } });

const batch = product([7, 9, 14, 15, 22], { shape: shapes, epsilon: epsilons, constant: [false, true] }, (c) => (s) => {
  const n = [c.shape[1]];
  const parameters = [s.either(c.constant, n), s.either(c.constant, n), s.weight(n), s.weight(n, 0.5, 2)];
  s.node('BatchNormalization', [s.real(c.shape), ...parameters], epsilon(c.epsilon));
});

const instance = product(
  [6, 22],
  { shape: shapes.slice(1), epsilon: epsilons, constant: [false, true] },
  (c) => (s) => {
    const n = [c.shape[1]!];
    s.node(
      'InstanceNormalization',
      [s.real(c.shape), s.either(c.constant, n), s.either(c.constant, n)],
      epsilon(c.epsilon),
    );
  },
);

/** Scale and bias of the normalised axes, or such as broadcast to them. */
const layer = product(
  [17, 22],
  { axis: [undefined, 0, 1, 2, -1, -2, -3], scale: ['full', 'last', 'ones'], bias: [false, true], outputs: [1, 2, 3] },
  (c) => {
    const shape = [2, 3, 4];
    const from = ((c.axis ?? -1) + 3) % 3;
    const inner = shape.slice(from);
    const own = c.scale === 'full' ? inner : c.scale === 'last' ? shape.slice(-1) : inner.map((n, i) => (i ? n : 1));
    return (s) => {
      const inputs = [s.real(shape), s.real(own), ...(c.bias ? [s.real(own)] : [])];
      // The statistics are outputs nobody reads.
      s.node('LayerNormalization', inputs, { ...(c.axis !== undefined && { axis: c.axis }), ...epsilon(0.1) }, [
        'y',
        ...['mean', 'inverse'].slice(0, c.outputs - 1).map(() => ''),
      ]);
    };
  },
);

const rms = product(
  [23, 26],
  { axis: [undefined, 0, 1, 2, -1, -2, -3], epsilon: epsilons, scale: ['full', 'last'] },
  (c) => {
    const shape = [2, 3, 4];
    const inner = shape.slice(((c.axis ?? -1) + 3) % 3);
    const attributes = { ...(c.axis !== undefined && { axis: c.axis }), ...epsilon(c.epsilon) };
    const own = c.scale === 'full' ? inner : shape.slice(-1);
    return (s) => s.node('RMSNormalization', [s.real(shape), s.real(own)], attributes);
  },
);

const group = product(
  [18, 21, 22],
  { groups: [1, 2, 4], rank: [3, 4], epsilon: epsilons, constant: [false, true] },
  (c) => {
    const shape = [2, 4, 3, 2].slice(0, c.rank);
    const n = [c.opset < 21 ? c.groups : 4];
    const attributes = { num_groups: c.groups, ...epsilon(c.epsilon) };
    return {
      // Since opset 21 the moments are float32 unless another type is asked for.
      single: c.opset >= 21,
      write: (s) =>
        s.node('GroupNormalization', [s.real(shape), s.either(c.constant, n), s.either(c.constant, n)], attributes),
    };
  },
);

const meanVariance = product([9, 13, 22], { axes: [undefined, [0], [2, 3], [-1, 0], [0, 1, 2, 3]] }, (c) => (s) => {
  s.node('MeanVarianceNormalization', [s.real([2, 3, 2, 2])], c.axes ? { axes: c.axes } : {});
});

const lp = product([7, 22], { axis: [undefined, 0, 1, 2, -1, -3], p: [undefined, 1, 2] }, (c) => (s) => {
  s.node('LpNormalization', [s.signed([2, 3, 4])], {
    ...(c.axis !== undefined && { axis: c.axis }),
    ...(c.p && { p: c.p }),
  });
});

const lrn = product([7, 13, 22], { size: [1, 3, 5, 7], tuned: [false, true], rank: [3, 4] }, (c) => {
  const tuned = { alpha: { float: 0.5 }, beta: { float: 0.6 }, bias: { float: 1.5 } };
  const attributes = { size: c.size, ...(c.tuned ? tuned : { alpha: { float: 0.3 } }) };
  return {
    write: (s) => s.node('LRN', [s.real([2, 5, 2, 2].slice(0, c.rank))], attributes),
    ...(c.rank !== 4 && { refused: 'pictures only' }),
  };
});

export const normalization: Sweep = {
  BatchNormalization: batch,
  GroupNormalization: group,
  InstanceNormalization: instance,
  LayerNormalization: layer,
  LpNormalization: lp,
  LRN: lrn,
  MeanVarianceNormalization: meanVariance,
  RMSNormalization: rms,
};
