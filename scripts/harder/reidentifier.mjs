/**
 * Finds pictures again by their codes, without making pictures of them: what a code and a picture are turned into is learnt, so
 * that the two of one scene agree (contrastive, as van den Oord et al. 2018).
 */
import { Expressions } from '../../dist/autodiff/index.js';
import { preprocess, victims } from '../../dist/data/index.js';
import { runRows } from '../../dist/engine/index.js';
import { asFloat32, float32, inferShapes } from '../../dist/model/index.js';
import { createRandom } from '../../dist/random.js';
import { cosine, Layers, train } from '../../dist/training/index.js';

const [batch, epochs, shared, width] = [100, 12, 64, 512];

/**
 * @param of `code`: what is sent. `answer`: what the network makes of it in the end, which whoever answers sees
 * @returns shares of the victims whose own picture is the nearest of a gallery, for who has learnt to compare, and for who has the
 *   network and compares what it makes of each picture
 */
export async function foundAgain(engine, subject, data, { of, channels, queries, images, galleryOf = 1000 }) {
  const random = createRandom(7);
  const { head, tail } = await subject.parts(subject.cut('code'), batch);
  const sessions = { head: await engine.load(head), tail: await engine.load(tail) };
  const observe = async (split, indices) => {
    const pixels = await split.pixels(indices);
    const input = preprocess(pixels, subject.preprocessing);
    const { code } = await runRows(sessions.head, batch, { [head.inputs[0].name]: input });
    const [n, all, ...rest] = code.shape;
    const cells = rest.reduce((a, d) => a * d, 1);
    const isSent = (i) => !channels || Math.floor(i / cells) % all < channels;
    const sent = asFloat32(code).map((v, i) => (isSent(i) ? v : 0));
    if (of === 'code') return { seen: float32(sent, [n, all * cells]), pixels };
    const [answer] = Object.values(await runRows(sessions.tail, batch, { code: float32(sent, code.shape) }));
    return { seen: float32(asFloat32(answer), [n, asFloat32(answer).length / n]), pixels };
  };
  const learnt = await observe(data.train, Array.from(random.permutation(data.train.count).subarray(0, queries)));
  const looked = await observe(data.test, gallery(data.test, images, galleryOf));
  for (const session of Object.values(sessions)) await session.close();
  const { pixels } = learnt;
  const size = learnt.seen.shape[1];
  const scale = scaleOf(learnt.seen);
  const untrained = await inferShapes(network(random, size, pixels), engine);
  const spec = {
    network: untrained,
    frozen: new Set([...untrained.initializers.keys()].filter((name) => !/\.(weight|bias)$/.test(name))),
    tables: {
      seen: { dtype: 'float32', rowShape: [size] },
      pixels: { dtype: 'uint8', rowShape: [pixels.channels, pixels.height, pixels.width] },
    },
    adam: { epsilon: 1e-7 },
  };
  const bytes = ({ count, channels: c, height, width: w, data: values }) => ({
    dtype: 'uint8',
    shape: [count, c, height, w],
    data: values,
  });
  const block = ({ seen, pixels: own }) => ({ seen: scale(seen), pixels: bytes(own) });
  const fitted = await train(engine, spec, async () => ({ rows: queries, blocks: [block(learnt)] }), {
    epochs,
    learningRate: cosine(1e-3),
    random: random.fork('order'),
  });
  const session = await engine.load({ ...fitted.network, outputs });
  const made = await runRows(session, batch, block(looked));
  await session.close();
  const raw = asFloat32(looked.seen);
  const count = looked.seen.shape[0];
  return {
    learnt: rank1(asFloat32(made.ofSeen), asFloat32(made.ofPicture), count, images, agreement),
    compared: rank1(raw, raw, count, images, closeness),
    gallery: count,
  };
}

/** Every number centred, in units of how far it moves. */
function scaleOf(seen) {
  const [n, size] = seen.shape;
  const values = asFloat32(seen);
  const [mean, square] = [new Float64Array(size), new Float64Array(size)];
  values.forEach((v, i) => {
    mean[i % size] += v / n;
    square[i % size] += (v * v) / n;
  });
  const deviation = square.map((s, k) => Math.sqrt(Math.max(s - mean[k] ** 2, 0)) || 1);
  return (tensor) =>
    float32(
      asFloat32(tensor).map((v, i) => (v - mean[i % size]) / deviation[i % size]),
      tensor.shape,
    );
}

/**
 * Share of the first rows whose own row of the gallery is closer than all others; as close is not enough.
 * @param rows @param all of as many columns, a row for each picture of the gallery
 */
function rank1(rows, all, count, images, close) {
  const columns = all.length / count;
  const row = (values, i) => values.subarray(i * columns, (i + 1) * columns);
  let hits = 0;
  for (let i = 0; i < images; i++) {
    const own = close(row(rows, i), row(all, i));
    let isFirst = true;
    for (let j = 0; j < count && isFirst; j++) isFirst = j === i || close(row(rows, i), row(all, j)) < own;
    if (isFirst) hits++;
  }
  return hits / images;
}

const agreement = (a, b) => a.reduce((sum, v, k) => sum + v * b[k], 0);
const closeness = (a, b) => -a.reduce((sum, v, k) => sum + (v - b[k]) ** 2, 0);

/** The victims of an audit, and others of the test split after them. */
function gallery(split, images, most) {
  const own = victims(split, images);
  const known = new Set(own);
  const others = Array.from({ length: split.count }, (_, i) => i).filter((i) => !known.has(i));
  const n = Math.min(most, split.count);
  return [...own, ...others.slice(0, n - images)];
}

const outputs = ['ofSeen', 'ofPicture'].map((name) => ({ name, dtype: 'float32', shape: [batch, shared] }));

function network(random, size, { channels, height, width: columns }) {
  const layers = new Layers(random.fork('weights'));
  const b = layers.graph;
  const g = new Expressions(b);
  const gain = Math.sqrt(6);
  const seen = b.input('seen', 'float32', [batch, size]);
  const bytes = b.input('pixels', 'uint8', [batch, channels, height, columns]);
  const inner = layers.relu('seen.first.relu', layers.linear('seen.first', seen, size, width, gain));
  const second = layers.relu('seen.second.relu', layers.linear('seen.second', inner, width, width, gain));
  let x = g.sub(g.mul(b.op('Cast', [bytes], { to: 1 }), 2 / 255), 1);
  let inputs = channels;
  let [rows, across] = [height, columns];
  for (const wide of [32, 64, 64]) {
    const shape = { inputs, outputs: wide, kernel: 3, pad: 1, stride: 2 };
    x = layers.relu(`picture.${rows}.relu`, layers.conv(`picture.${rows}`, x, shape, gain));
    inputs = wide;
    [rows, across] = [Math.ceil(rows / 2), Math.ceil(across / 2)];
  }
  const flat = b.op('Flatten', [x], { axis: 1 });
  const unit = (name, term) => {
    const norm = g.sqrt(g.add(g.sum(g.square(term), [1], true), 1e-8));
    b.op('Div', [term, norm], {}, name);
    return name;
  };
  const ofSeen = unit('ofSeen', layers.linear('seen.last', second, width, shared));
  const ofPicture = unit('ofPicture', layers.linear('picture.last', flat, inputs * rows * across, shared));
  const scores = g.mul(g.matmul(ofSeen, g.transpose(ofPicture, [1, 0])), 15);
  const identity = g.tensor(
    float32(
      Float32Array.from({ length: batch ** 2 }, (_, i) => (i % (batch + 1) === 0 ? 1 : 0)),
      [batch, batch],
    ),
  );
  const wrong = (term) => g.neg(g.sum(g.mul(b.op('LogSoftmax', [term], { axis: -1 }), identity), [1]));
  b.op('Identity', [g.add(wrong(scores), wrong(g.transpose(scores, [1, 0])))], {}, 'loss');
  b.output('loss', 'float32', [batch]);
  return b.build('reidentifier');
}
