/**
 * Single operators: forward passes, and the gradients that our autodiff writes.
 *
 * Every measured result is summed to one number on both sides. Outputs of a graph live in memory that is fresh each time,
 * and where pages are dear (virtual machines, sandboxes) touching a few fresh megabytes costs more than the operator.
 * Within a graph onnxruntime reuses its memory, as do the graphs we really run, whose outputs are small; PyTorch is made
 * to reuse its own (torch.mjs). The sum itself costs about the same on both sides.
 */
import { backward, prune, writeForward } from '../../dist/autodiff/index.js';
import { float32, GraphBuilder, inferShapes, sizeOf } from '../../dist/model/index.js';
import { createRandom } from '../../dist/random.js';
import { race, scaled, takeTurns, timed } from './measure.mjs';

const conv = (title, x, w, padding, stride = 1) => ({
  title,
  op: 'conv',
  x,
  w,
  padding,
  stride,
  kinds: ['forward', 'input', 'weight'],
});
/** Further shapes of the gradient that is hardest for onnxruntime. */
const kernelOnly = (...args) => ({ ...conv(...args), kinds: ['weight'] });
const cases = [
  conv('64→64 3×3, 32×64×32×32', [32, 64, 32, 32], [64, 64, 3, 3], 1),
  conv('128→128 3×3, 32×128×16×16', [32, 128, 16, 16], [128, 128, 3, 3], 1),
  conv('3→64 3×3, 10×3×32×32', [10, 3, 32, 32], [64, 3, 3, 3], 1),
  conv('1→8 5×5, 64×1×28×28', [64, 1, 28, 28], [8, 1, 5, 5], 0),
  conv('8→16 5×5, 64×8×12×12', [64, 8, 12, 12], [16, 8, 5, 5], 0),
  kernelOnly('64→64 3×3, 32×64×16×16', [32, 64, 16, 16], [64, 64, 3, 3], 1),
  kernelOnly('128→128 3×3, 32×128×8×8', [32, 128, 8, 8], [128, 128, 3, 3], 1),
  kernelOnly('16→16 3×3, 32×16×32×32', [32, 16, 32, 32], [16, 16, 3, 3], 1),
  kernelOnly('64→64 5×5, 32×64×16×16', [32, 64, 16, 16], [64, 64, 5, 5], 2),
  kernelOnly('64→128 3×3 by twos, 32×64×32×32', [32, 64, 32, 32], [128, 64, 3, 3], 1, 2),
  kernelOnly('64→128 1×1, 32×64×16×16', [32, 64, 16, 16], [128, 64, 1, 1], 0),
  kernelOnly('3→64 7×7 by twos, 8×3×112×112', [8, 3, 112, 112], [64, 3, 7, 7], 3, 2),
  { title: '2×2, 32×64×32×32', op: 'pool', x: [32, 64, 32, 32], kinds: ['both'] },
  { title: '2×2, 64×8×24×24', op: 'pool', x: [64, 8, 24, 24], kinds: ['both'] },
  { title: '2048→512, 64 rows', op: 'gemm', x: [64, 2048], w: [512, 2048], kinds: ['forward', 'input', 'weight'] },
  { title: '256→120, 64 rows', op: 'gemm', x: [64, 256], w: [120, 256], kinds: ['forward', 'input', 'weight'] },
];
/** A round repeats an operator for about this long. */
const roundMs = 150;

export async function operators({ engine, torch, rounds }) {
  const rows = [];
  for (const c of cases) {
    for (const kind of c.kinds) {
      const { graph, feeds } = await measuredGraph(engine, c, kind);
      const session = await engine.load(graph);
      const time = async (repeats) =>
        scaled(await timed(() => session.time(feeds, { warmups: 0, repeats })), 1 / repeats);
      const name = `${c.op} ${c.title}: ${kind === 'both' ? 'forward + gradient' : kind === 'forward' ? kind : `${kind} gradient`}`;
      if (torch) {
        const { x, w = null, padding = 0, stride = 1 } = c;
        await torch.ask({ do: 'operator-open', name, kind: `${c.op} ${kind}`, x, w, padding, stride });
      }
      await time(2);
      const repeats = Math.max(1, Math.round(roundMs / (1000 * (await time(3)).wall)));
      const times = await takeTurns(
        rounds,
        () => time(repeats),
        torch && (() => torch.ask({ do: 'operator', name, repeats })),
      );
      await session.close();
      rows.push(race(name, times, { unit: 'ms', of: (s) => s * 1000, rival: torch?.name }));
    }
  }
  const notes = ['each result summed on both sides, so that fresh output memory is not what is measured'];
  return { title: 'Operators and their gradients', rows, notes };
}

/** The operator or one of its gradients, down to one number. Weights are fixed except where their gradient is asked for. */
async function measuredGraph(engine, c, kind) {
  const random = createRandom(3);
  const value = (shape) => float32(random.fillUniform(new Float32Array(sizeOf(shape)), 0, 1), shape);
  const b = new GraphBuilder(17);
  b.input('x', 'float32', c.x);
  const feeds = { x: value(c.x) };
  if (c.w) b.initializer(value(c.w), 'w');
  if (c.op === 'conv') {
    const window = { kernel_shape: c.w.slice(2), pads: Array(4).fill(c.padding), strides: [c.stride, c.stride] };
    b.op('Conv', ['x', 'w'], window, 'y');
  }
  if (c.op === 'pool') b.op('MaxPool', ['x'], { kernel_shape: [2, 2], strides: [2, 2] }, 'y');
  if (c.op === 'gemm') b.op('Gemm', ['x', 'w'], { transB: 1 }, 'y');
  b.output('y', 'float32');
  const forward = await inferShapes(b.build(), engine);
  const wrt = kind === 'weight' ? 'w' : 'x';
  const written = writeForward(forward, [wrt]);
  const { g } = written;
  let result = 'y';
  if (kind !== 'forward') {
    const shape = written.shape('y');
    g.graph.input('dy', 'float32', shape);
    feeds.dy = value(shape);
    result = backward(written, new Map([['y', 'dy']]), [wrt]).get(wrt);
  }
  const total = g.sum(result);
  g.graph.output(total, 'float32', []);
  const graph = prune(g.graph.build());
  // What the gradient does not read is neither fed nor declared.
  const read = new Set(graph.nodes.flatMap((n) => n.inputs));
  const inputs = graph.inputs.filter((v) => read.has(v.name));
  return { graph: { ...graph, inputs }, feeds: Object.fromEntries(inputs.map(({ name }) => [name, feeds[name]])) };
}
