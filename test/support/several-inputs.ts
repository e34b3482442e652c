/** Small networks that take more than a picture, with the shape of well-known ones, and seeded random weights. */
import { type Dim, float32, type Graph, GraphBuilder, int64, scalar } from '../../src/model/index.ts';
import { Layers, type NetworkOptions, randomTensor } from './networks.ts';

/**
 * As PaddleDetection exports: the picture, its size before it was resized, and by how much it was. Boxes need all three, scores the
 * picture alone. Picture [batch,3,16,16].
 */
export function detector(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 3, 16);
  const batch = options.batch ?? 1;
  n.b.input('im_shape', 'float32', [batch, 2]);
  n.b.input('scale_factor', 'float32', [batch, 2]);
  let x = n.relu('relu1', n.conv('conv1', 'input', 3, 8, 3, { stride: 2 }));
  x = n.relu('relu2', n.conv('conv2', x, 8, 8, 3));
  const features = n.op('Flatten', 'flat', [n.op('GlobalAveragePool', 'gap', [x])]);
  const raw = n.op('Sigmoid', 'raw', [n.gemm('box', features, 8, 4)]);
  const size = n.op('Div', 'size', ['im_shape', 'scale_factor']);
  const boxes = n.op('Mul', 'boxes', [raw, n.concat('sizes', [size, size])]);
  return n.finish(boxes, n.op('Softmax', 'scores', [n.gemm('class', features, 8, 5)]));
}

export interface ClipOptions extends NetworkOptions {
  /** Default as `batch`. */
  readonly textBatch?: Dim;
}

/** As CLIP: a tower for the picture, one for six tokens of text, and how alike the two are. Picture [batch,3,16,16]. */
export function clip(options: ClipOptions = {}): Graph {
  const n = new Layers(options, 3, 16);
  n.b.input('text', 'int64', [options.textBatch ?? options.batch ?? 1, 6]);
  let x = n.relu('relu1', n.conv('conv1', 'input', 3, 8, 3, { stride: 2 }));
  x = n.relu('relu2', n.conv('conv2', x, 8, 12, 3, { stride: 2 }));
  const image = n.gemm('image', n.op('Flatten', 'flat', [n.op('GlobalAveragePool', 'gap', [x])]), 12, 8);
  const tokens = n.op('Gather', 'tokens', [n.weight('vocabulary', [20, 8], 8), 'text']);
  const mean = n.op('ReduceMean', 'mean', [n.op('Tanh', 'bent', [tokens])], { axes: [1], keepdims: 0 });
  const text = n.op('Transpose', 'turned', [n.gemm('words', mean, 8, 8)], { perm: [1, 0] });
  return n.finish(n.op('Sigmoid', 'output', [n.op('MatMul', 'alike', [image, text])]));
}

/**
 * As silero-VAD: sound, a state that goes round, and a rate that decides which of two networks runs; the branch has a conditional of
 * its own. Sound [batch,64], state [2,batch,6].
 */
export function vad(options: { readonly batch?: Dim } = {}): Graph {
  const batch = options.batch ?? 1;
  const b = new GraphBuilder(17);
  b.input('audio', 'float32', [batch, 64]);
  b.input('state', 'float32', [2, batch, 6]);
  b.input('sr', 'int64', []);
  const fast = b.op('Equal', ['sr', b.initializer(int64([16000], []), 'rate')], {}, 'is16k');
  b.ops('If', [fast], { then_branch: branch(1), else_branch: branch(2) }, ['output', 'stateN']);
  b.output('output', 'float32', [batch, 1]);
  b.output('stateN', 'float32', [2, batch, 6]);
  return b.build('vad');
}

function branch(seed: number) {
  const n = new Layers({ seed }, 1, 1);
  const b = new GraphBuilder(17);
  const weight = (name: string, shape: readonly number[]) => b.initializer(randomTensor(shape, n.random, 0.3), name);
  const frame = b.op('MatMul', ['audio', weight('stft', [64, 10])], {}, 'stft_out');
  b.op('Relu', [frame], {}, 'features');
  // Only who looks at the rate again knows the gain.
  const loud = b.op('Greater', ['sr', b.initializer(int64([4000], []), 'least')], {}, 'loud');
  const gain = (name: string, factor: number) => {
    const inner = new GraphBuilder(17);
    const by = inner.initializer(scalar(factor), `${name}_by`);
    inner.output(inner.op('Mul', ['features', by], {}, `${name}_out`));
    return { type: 'graph', value: inner.build(name) } as const;
  };
  const scaled = b.op('If', [loud], { then_branch: gain('louder', 2), else_branch: gain('softer', 0.5) }, 'scaled');
  const row = (i: number, name: string) =>
    b.op('Gather', ['state', b.initializer(int64([i], []), `${name}_i`)], { axis: 0 }, name);
  const [h, c] = [row(0, 'h'), row(1, 'c')];
  const mixed = b.op('Concat', [scaled, h], { axis: 1 }, 'mixed');
  const next = b.op('Tanh', [b.op('MatMul', [mixed, weight('recur', [16, 6])], {}, 'recurred')], {}, 'next');
  const cell = b.op('Add', [next, c], {}, 'cell');
  b.output(b.op('Sigmoid', [b.op('MatMul', [cell, weight('judge', [6, 1])], {}, 'judged')], {}, 'speech'));
  const zero = b.initializer(int64([0]), 'zero');
  const stacked = [next, cell].map((x) => b.op('Unsqueeze', [x, zero], {}, `${x}_up`));
  b.output(b.op('Concat', stacked, { axis: 0 }, 'stacked'));
  return { type: 'graph', value: b.build(`branch${seed}`) } as const;
}

/** Two pictures that meet: which is the picture, nothing says. */
export function siamese(): Graph {
  const n = new Layers({}, 3, 16);
  n.b.input('other', 'float32', [1, 3, 16, 16]);
  const w = n.weight('kernel', [4, 3, 3, 3], 27);
  const side = (name: string, x: string) => n.relu(name, n.op('Conv', `${name}_conv`, [x, w]));
  return n.finish(n.op('Sub', 'output', [side('left', 'input'), side('right', 'other')]));
}

/** A number for every element. */
export const filled = (shape: readonly number[], value: number) =>
  float32(new Float32Array(shape.reduce((a, d) => a * d, 1)).fill(value), shape);
