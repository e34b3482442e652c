/** A process of its own that loads and runs one network, or none, and says how much memory it took at its highest. */
import { createEngine } from '../../engine/index.ts';
import { emptyData, readModel, sizeOf, type Tensor } from '../../model/index.ts';

const [path, threads] = process.argv.slice(2);
const engine = await createEngine({ threads: Number(threads) });
try {
  // An engine without a network starts no runtime: what an agent takes with an empty hand is node and our own code.
  if (path) {
    const session = await engine.load(await readModel(path));
    const feeds = session.inputs
      .filter((v) => v.unknown !== 'opaque')
      .map(({ name, dtype, shape }): [string, Tensor] => {
        const dims = shape.map(Number);
        return [name, { dtype, shape: dims, data: emptyData(dtype, sizeOf(dims)) }];
      });
    for (let i = 0; i < 3; i++) await session.run(Object.fromEntries(feeds));
  }
} finally {
  await engine.close();
}
process.stdout.write(JSON.stringify({ bytes: 1024 * process.resourceUsage().maxRSS }));
