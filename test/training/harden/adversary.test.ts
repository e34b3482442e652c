/** Who learns along, on codes that hide nothing: it has to see what there is. */
import { afterAll, describe, expect, it } from 'vitest';
import { Expressions } from '../../../src/autodiff/index.ts';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, float32, inferShapes, type Tensor } from '../../../src/model/index.ts';
import { createRandom } from '../../../src/random.ts';
import { Apprentice, adversaryLoss } from '../../../src/training/harden/adversary.ts';
import { isAdversary } from '../../../src/training/harden/network.ts';
import { cosine, Layers, train } from '../../../src/training/index.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

/** The last of them are not learnt from. */
const [count, batch] = [220, 20];
const [channels, height, width] = [1, 28, 28];
/** Squares of two by two, each as it happens: nothing of one follows from another. */
const bytes = (() => {
  const random = createRandom(4);
  const squares = new Uint8Array(count * 196).map(() => random.int(256));
  const at = (i: number, y: number, x: number) => squares[i * 196 + (y >> 1) * 14 + (x >> 1)]!;
  return Uint8Array.from({ length: count * 784 }, (_, k) =>
    at(Math.floor(k / 784), Math.floor((k % 784) / 28), k % 28),
  );
})();
const picture = { channels, height, width };
const half = { rows: height / 2, columns: width / 2 };

/** Four neighbours become four channels of many, the rest of which say nothing. */
function codesOf(all: number): Float32Array {
  const cells = half.rows * half.columns;
  const out = new Float32Array(count * all * cells);
  for (let i = 0; i < count; i++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const channel = 2 * (y % 2) + (x % 2);
        const at = (i * all + channel) * cells + (y >> 1) * half.columns + (x >> 1);
        out[at] = bytes[(i * height + y) * width + x]! / 127.5 - 1;
      }
    }
  }
  return out;
}

const part = (tensor: Tensor, from: number, to: number) => {
  const size = tensor.data.length / count;
  return float32(asFloat32(tensor).slice(from * size, to * size), [to - from, ...tensor.shape.slice(1)]);
};

/** @returns SSIM on pictures that it did not learn from */
async function seen(all: number): Promise<number> {
  const layers = new Layers(createRandom(1), 17);
  const b = layers.graph;
  const g = new Expressions(b);
  const shape = [all, half.rows, half.columns];
  const codes = b.input('codes', 'float32', [batch, ...shape]);
  const truth = b.input('truth', 'float32', [batch, channels, height, width]);
  const { loss, similarity } = adversaryLoss(
    g,
    new Apprentice(layers, shape, picture).see(codes),
    truth,
    batch,
    picture,
  );
  b.op('Identity', [loss], {}, 'loss');
  b.output('loss', 'float32', [batch]);
  b.op('Identity', [similarity], {}, 'similarity');
  b.output('similarity', 'float32', [batch]);
  const network = await inferShapes(b.build(), engine);
  const rows = {
    codes: float32(codesOf(all), [count, ...shape]),
    truth: float32(
      Float32Array.from(bytes, (v) => v / 255),
      [count, channels, height, width],
    ),
  };
  const { network: trained } = await train(
    engine,
    {
      network,
      frozen: new Set([...network.initializers.keys()].filter((name) => !isAdversary(name))),
      tables: {
        codes: { dtype: 'float32', rowShape: shape },
        truth: { dtype: 'float32', rowShape: [channels, height, width] },
      },
      adam: { epsilon: 1e-7 },
    },
    async () => ({
      rows: count - batch,
      blocks: [{ codes: part(rows.codes, 0, count - batch), truth: part(rows.truth, 0, count - batch) }],
    }),
    { epochs: 8, learningRate: cosine(3e-3), random: createRandom(2) },
  );
  const session = await engine.load({ ...network, initializers: trained.initializers });
  const made = await session.run({
    codes: part(rows.codes, count - batch, count),
    truth: part(rows.truth, count - batch, count),
  });
  await session.close();
  return asFloat32(made.similarity!).reduce((a, v) => a + v, 0) / batch;
}

describe('a decoder that learns along', () => {
  it('sees what a code shows that is too large to be read everywhere at once', async () => {
    expect(await seen(128)).toBeGreaterThan(0.8);
  });
});
