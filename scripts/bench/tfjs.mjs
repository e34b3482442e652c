/** The rival that is always there: TensorFlow.js on its pure JavaScript backend, one Adam step of rMLE at LeNet's conv1. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { race, scaled, takeTurns, timed } from './measure.mjs';
import { openProblem } from './networks.mjs';
import { count, openAdam } from './rmle.mjs';

const iterations = { ours: 300, rival: 5 };

export async function tfjs({ engine, rounds }) {
  // Without checks and without its banner.
  tf.enableProdMode();
  await tf.setBackend('cpu');
  const problem = await openProblem(engine, 'lenet', 'conv1', count);
  const ours = await openAdam(engine, problem, 0);
  const step = openTfjs(problem);
  const times = await takeTurns(
    rounds,
    async () => scaled(await timed(() => ours.run(iterations.ours)), 1 / iterations.ours),
    async () =>
      scaled(
        await timed(async () => {
          for (let i = 0; i < iterations.rival; i++) step();
        }),
        1 / iterations.rival,
      ),
  );
  await ours.close();
  const how = { unit: 'it/s', of: (s) => 1 / s, rival: `TensorFlow.js ${tf.version_core} (pure JavaScript)` };
  return {
    title: 'rMLE with Adam, against TensorFlow.js',
    rows: [race(`lenet conv1, n=${count}`, times, how)],
    notes: [],
  };
}

/** Adam with AMSGrad by hand: tf.train.adam has none. */
function openTfjs({ head, pictures, observed }) {
  const [weight, bias] = head.nodes[0].inputs.slice(1).map((name) => head.initializers.get(name));
  const nhwc = (t) => tf.transpose(tf.tensor(t.data, t.shape), [0, 2, 3, 1]);
  const kernel = tf.transpose(tf.tensor(weight.data, weight.shape), [2, 3, 1, 0]);
  const offset = tf.tensor1d(bias.data);
  const target = nhwc(Object.values(observed)[0]);
  const features = target.size / count;
  const shape = nhwc(pictures).shape;
  // Node cannot load the package's table of gradients (imports without extensions). This is the kernel that it holds for the
  // input of a convolution, without the tape.
  const gradient = (x) => {
    const residual = tf.sub(tf.add(tf.conv2d(x, kernel, 1, 'valid'), offset), target);
    return tf.conv2dTranspose(tf.mul(residual, 2 / features), kernel, shape, 1, 'valid');
  };
  let state = { x: tf.zeros(shape), m: tf.zeros(shape), v: tf.zeros(shape), max: tf.zeros(shape) };
  let t = 0;
  return () => {
    t++;
    const next = tf.tidy(() => {
      const g = gradient(state.x);
      const m = tf.add(tf.mul(state.m, 0.9), tf.mul(g, 0.1));
      const v = tf.add(tf.mul(state.v, 0.999), tf.mul(tf.square(g), 0.001));
      const max = tf.maximum(state.max, v);
      const denominator = tf.add(tf.div(tf.sqrt(max), Math.sqrt(1 - 0.999 ** t)), 1e-3);
      return { x: tf.sub(state.x, tf.mul(tf.div(m, denominator), 1e-2 / (1 - 0.9 ** t))), m, v, max };
    });
    tf.dispose(state);
    state = next;
    // The backend is lazy about nothing, but reading is what somebody who wants the picture does.
    state.x.dataSync();
  };
}
