/** The longest gap between ticks of a 1 ms timer: idle, and while a head of some hundred milliseconds runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { float32, GraphBuilder } from '../../../dist/model/index.js';
import { createRandom } from '../../../dist/random.js';

export async function worstStall(engine) {
  const random = createRandom(1);
  const weights = (shape) => float32(random.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1)), 0.1), shape);
  const b = new GraphBuilder();
  b.input('input', 'float32', [1, 64, 96, 96]);
  let x = 'input';
  for (let i = 0; i < 4; i++) {
    x = b.op('Relu', [b.op('Conv', [x, b.initializer(weights([64, 64, 3, 3]))], { pads: [1, 1, 1, 1] })]);
  }
  b.output(x, 'float32', [1, 64, 96, 96]);
  // As the agent loads it.
  const session = await engine.load(b.build(), { mostStallMs: 1 });
  const input = weights([1, 64, 96, 96]);
  await session.run({ input });
  const watch = async (work) => {
    let worst = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      worst = Math.max(worst, now - last);
      last = now;
    }, 1);
    const startMs = performance.now();
    await work();
    clearInterval(timer);
    return { worst, ms: performance.now() - startMs };
  };
  const idle = await watch(() => sleep(1000));
  const busy = await watch(async () => {
    for (let i = 0; i < 10; i++) await session.run({ input });
  });
  await session.close();
  return { idle: idle.worst, whileHeadRuns: busy.worst, headMs: busy.ms / 10 };
}
