/** Small networks of the families that real exports belong to. Inputs are called `input`. */
import { type Graph, int64, type Tensor } from '../../src/model/index.ts';
import { Layers, networks, randomTensor } from '../support/networks.ts';

/** A text recogniser as PaddleOCR's second generation: convolutions down to one row, two bidirectional LSTMs, CTC classes. */
function recogniser(): Graph {
  const n = new Layers({ seed: 3 }, 3, 0, 14, [3, 8, 12]);
  const hidden = 6;
  let x = n.op('HardSwish', 'act1', [n.norm('bn1', n.conv('conv1', 'input', 3, 8, 3, { stride: 2 }), 8)]);
  x = n.relu('act2', n.conv('conv2', x, 8, 8, 3));
  x = n.op('MaxPool', 'rows', [x], { kernel_shape: [4, 1], strides: [4, 1] });
  x = n.op('Transpose', 'steps', [n.op('Squeeze', 'line', [x, n.b.initializer(int64([2]))])], { perm: [2, 0, 1] });
  for (const [i, width] of [8, 2 * hidden].entries()) {
    const weights = [
      n.weight(`lstm${i}.w`, [2, 4 * hidden, width], width),
      n.weight(`lstm${i}.r`, [2, 4 * hidden, hidden], hidden),
      n.weight(`lstm${i}.b`, [2, 8 * hidden], hidden),
    ];
    const y = n.op('LSTM', `lstm${i}`, [x, ...weights], { hidden_size: hidden, direction: 'bidirectional' });
    const apart = n.op('Transpose', `lstm${i}_swap`, [y], { perm: [0, 2, 1, 3] });
    x = n.op('Reshape', `lstm${i}_join`, [apart, n.b.initializer(int64([0, 0, -1]))]);
  }
  const logits = n.op('MatMul', 'logits', [x, n.weight('ctc', [2 * hidden, 10], 12)]);
  return n.finish(
    n.op('Softmax', 'output', [n.op('Transpose', 'batch_first', [logits], { perm: [1, 0, 2] })], { axis: 2 }),
  );
}

/** A text detector as PaddleOCR's: squeeze-and-excite backbone, a pyramid joined by nearest resizing, transposed convolutions. */
function detector(): Graph {
  const n = new Layers({ seed: 4 }, 3, 16, 13);
  const swish = (name: string, x: string) => {
    const six = n.b.constant(6);
    const inner = n.op('Clip', `${name}_clip`, [n.add(`${name}_3`, x, n.b.constant(3)), n.b.constant(0), six]);
    return n.op('Div', `${name}_6`, [n.op('Mul', name, [x, inner]), six]);
  };
  const first = swish('act1', n.norm('bn1', n.conv('conv1', 'input', 3, 8, 3, { stride: 2 }), 8));
  const deep = swish('act2', n.norm('bn2', n.conv('dw', first, 8, 8, 5, { stride: 2, group: 8 }), 8));
  const squeezed = n.relu('se_relu', n.conv('se1', n.op('GlobalAveragePool', 'se', [deep]), 8, 4, 1));
  const gate = n.op('HardSigmoid', 'se_gate', [n.conv('se2', squeezed, 4, 8, 1)], { alpha: { float: 0.2 } });
  const excited = n.op('Mul', 'se_out', [deep, gate]);
  const scales: Tensor = { dtype: 'float32', shape: [4], data: Float32Array.of(1, 1, 2, 2) };
  const up = n.op('Resize', 'up', [n.conv('lateral', excited, 8, 8, 1), '', n.b.initializer(scales)], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
  const fused = n.concat('fuse', [n.add('top_down', up, first), n.conv('keep', first, 8, 4, 3)]);
  let x = n.relu('head_relu', n.norm('head_bn', n.conv('head', fused, 12, 6, 3), 6));
  const upWeights = n.weight('up2.weight', [6, 1, 2, 2], 6);
  x = n.op('ConvTranspose', 'up2', [x, upWeights, n.weight('up2.bias', [1], 3)], {
    kernel_shape: [2, 2],
    strides: [2, 2],
  });
  return n.finish(n.op('Sigmoid', 'output', [x]));
}

/** GoogLeNet's first stage: overlapping pools, local response normalisation, branches. */
function inception(): Graph {
  const n = new Layers({ seed: 5 }, 3, 16, 9);
  const lrn = (name: string, x: string) =>
    n.op('LRN', name, [x], { size: 5, alpha: { float: 0.5 }, beta: { float: 0.75 }, bias: { float: 1 } });
  let x = n.relu('relu1', n.conv('conv1', 'input', 3, 8, 5, { stride: 2 }));
  x = lrn('lrn1', n.op('MaxPool', 'pool1', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] }));
  const pooled = n.op('MaxPool', 'pool2', [x], { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] });
  const branches = [n.conv('one', x, 8, 4, 1), n.conv('three', x, 8, 6, 3), n.conv('pooled', pooled, 8, 4, 1)];
  const joined = n.relu('joined', n.concat('concat', branches));
  const mean = n.op('AveragePool', 'mean', [joined], { kernel_shape: [4, 4] });
  return n.finish(n.op('Softmax', 'output', [n.gemm('logits', n.op('Flatten', 'flat', [mean]), 14, 10)]));
}

/** ConvNeXt's block as PyTorch exports it before opset 17: layer normalisation in parts, Gelu by Erf, layer scale. */
function convnext(): Graph {
  const n = new Layers({ seed: 6 }, 3, 16, 13);
  const [d, c] = [8, (value: number) => n.b.constant(value)];
  const stem = n.conv('stem', 'input', 3, d, 4, { stride: 2 });
  const last = n.op('Transpose', 'last', [n.conv('dw', stem, d, d, 7, { group: d })], { perm: [0, 2, 3, 1] });
  const centred = n.op('Sub', 'centred', [last, n.op('ReduceMean', 'mean', [last], { axes: [-1] })]);
  const variance = n.op('ReduceMean', 'var', [n.op('Pow', 'square', [centred, c(2)])], { axes: [-1] });
  const deviation = n.op('Sqrt', 'deviation', [n.add('eps', variance, c(1e-5))]);
  const normed = n.op('Mul', 'scaled', [n.op('Div', 'normed', [centred, deviation]), n.weight('gamma', [d], 3)]);
  const wide = n.op('MatMul', 'wide', [normed, n.weight('w1', [d, 4 * d], d)]);
  const erf = n.op('Erf', 'erf', [n.op('Div', 'over', [wide, c(Math.SQRT2)])]);
  const gelu = n.op('Mul', 'gelu', [n.op('Mul', 'half', [wide, n.add('erf1', erf, c(1))]), c(0.5)]);
  const narrow = n.op('MatMul', 'narrow', [gelu, n.weight('w2', [4 * d, d], 4 * d)]);
  const first = n.op('Transpose', 'first', [narrow], { perm: [0, 3, 1, 2] });
  const scaled = n.op('Mul', 'layer_scale', [n.b.initializer(randomTensor([d, 1, 1], n.random, 1), 'ls'), first]);
  return n.classify(n.add('block', scaled, stem), d);
}

export const families: Readonly<Record<string, Graph>> = {
  residual: networks.residual.build(),
  depthwise: networks.depthwise.build(),
  transformer: networks.transformer.build(),
  dense: networks.dense.build(),
  shuffle: networks.shuffle.build(),
  'squeeze and excite': networks.squeezeExcite.build(),
  keras: networks.kerasStyle.build(),
  paddle: networks.paddleStyle.build(),
  inception: inception(),
  convnext: convnext(),
  'text detector': detector(),
  'text recogniser': recogniser(),
};
