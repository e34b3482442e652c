/**
 * `npm run bench:batching -- [--seconds N] [--rounds N] [--under-way N]`: answers a second of one consumer that takes what waits
 * at once, against one that runs one activation after the other (`batch.max: 1`). The same load in turn within one run: activations
 * of 16 devices, so many under way at once, through a broker of their own process. Nothing is asserted; prints one JSON document.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine } from '../../dist/engine/index.js';
import { float32, GraphBuilder } from '../../dist/model/index.js';
import { createRandom } from '../../dist/random.js';
import { halvesOf, writePlans } from './serving/deployment.mjs';
import { flood } from './serving/flood.mjs';
import { endAll, freePort, start } from './serving/processes.mjs';

const { values: args } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    'under-way': { type: 'string', default: '48' },
  },
});
const [seconds, rounds, underWay] = [Number(args.seconds), Number(args.rounds), Number(args['under-way'])];
const cli = (...argv) => ['dist/cli/main.js', ...argv];
const lenet = join(import.meta.dirname, '../../models/lenet-fashion-mnist.onnx');
const engine = await createEngine({ threads: 1 });
const rows = [];
try {
  const networks = [
    ['LeNet behind ReLU2', await halvesOf(engine, lenet, 'ReLU2')],
    ['dense 256-1024-1024-10, 1.3 M weights', dense([256, 1024, 1024, 10])],
    ['dense 256-2048-2048-10, 4.7 M weights', dense([256, 2048, 2048, 10])],
  ];
  for (const [name, halves] of networks) rows.push(await measure(name, halves));
} finally {
  await engine.close();
  endAll();
}
const machine = { cores: availableParallelism(), load: loadavg()[0] };
process.stdout.write(`${JSON.stringify({ format: 'cutline.bench-batching/1', machine, underWay, rows }, null, 2)}\n`);

/** Both kinds in turn, each with a fleet of its own. */
async function measure(name, halves) {
  const folder = await mkdtemp(join(tmpdir(), 'cutline-bench-'));
  try {
    const { planId } = await writePlans(folder, halves);
    const port = await freePort();
    const url = `mqtt://127.0.0.1:${port}`;
    await start(process.execPath, cli('broker', '--port', String(port)), 'ready');
    const kinds = { alone: { batch: { max: 1 } }, together: {} };
    const consumers = [];
    for (const [fleet, settings] of Object.entries(kinds)) {
      const path = join(folder, `${fleet}.yaml`);
      await writeFile(path, JSON.stringify({ broker: { url }, fleet, plan: 'plan.json', threads: 1, ...settings }));
      consumers.push(await start(process.execPath, cli('consumer', '--config', path, '--json'), 'ready: serving'));
    }
    const perSecond = { alone: [], together: [] };
    // One at a time: what never waits must not be slower.
    const single = { alone: [], together: [] };
    for (let i = 0; i <= rounds; i++)
      for (const fleet of Object.keys(kinds)) {
        const rate = await flood(url, { fleet, cut: halves.cut, planId, underWay, seconds });
        // The first is for warming up.
        const one = await flood(url, { fleet, cut: halves.cut, planId, underWay: 1, seconds: seconds / 2 });
        if (i === 0) continue;
        perSecond[fleet].push(rate);
        single[fleet].push(one);
      }
    const atOnce = Number(/takes up to (\d+)/.exec(consumers[1].text())?.[1] ?? 1);
    const rounded = ({ alone, together }) => ({ alone: alone.map(Math.round), together: together.map(Math.round) });
    const ratioOf = ({ alone, together }) => {
      const ratios = together.map((rate, i) => rate / alone[i]).sort((a, b) => a - b);
      return Number(ratios[ratios.length >> 1].toFixed(2));
    };
    return {
      name,
      atOnce,
      perSecond: rounded(perSecond),
      ratio: ratioOf(perSecond),
      oneUnderWay: { perSecond: rounded(single), ratio: ratioOf(single) },
    };
  } finally {
    endAll();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Layers of a perceptron behind a head that passes its input on. */
function dense(widths) {
  const random = createRandom(1);
  const h = new GraphBuilder();
  const shape = [1, widths[0]];
  h.op('Relu', [h.input('picture', 'float32', shape)], {}, 'activation');
  h.output('activation', 'float32', shape);
  const t = new GraphBuilder();
  let x = t.input('activation', 'float32', shape);
  for (const [i, width] of widths.slice(1).entries()) {
    const of = [widths[i], width];
    const values = random.fillNormal(new Float32Array(of[0] * of[1]), Math.sqrt(2 / of[0]));
    x = t.op('MatMul', [x, t.initializer(float32(values, of), `w${i}`)], {}, `dense${i}`);
    if (i < widths.length - 2) x = t.op('Relu', [x], {}, `relu${i}`);
  }
  t.output(x, 'float32', [1, widths.at(-1)]);
  const tensors = [{ name: 'activation', dtype: 'float32', shape }];
  return { head: h.build(), tail: t.build(), cut: { id: 'activation', tensors } };
}
