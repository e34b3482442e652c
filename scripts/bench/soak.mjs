/**
 * `node scripts/bench/soak.mjs [--minutes N] [--fps N]` after `npm run build`: an agent with an outbox and a consumer at a broker, a raw
 * frame so often, for as long as one likes. How resident memory goes after the first tenth, by a straight line through it, in MB an
 * hour; what was answered; what the agent's processor is busy with. Prints one JSON document.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createEngine } from '../../dist/engine/index.js';
import { usageOf } from './scale/usage.mjs';
import { halvesOf, writePlans } from './serving/deployment.mjs';
import { endAll, freePort, start } from './serving/processes.mjs';

const { values: args } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, fps: { type: 'string', default: '5' } },
});
const [minutes, fps] = [Number(args.minutes), Number(args.fps)];
const lenet = join(import.meta.dirname, '../../models/lenet-fashion-mnist.onnx');
const folder = await mkdtemp(join(tmpdir(), 'cutline-soak-'));
const cli = (...argv) => ['dist/cli/main.js', ...argv];
try {
  const engine = await createEngine({ threads: 1 });
  await writePlans(folder, await halvesOf(engine, lenet, 'ReLU2'));
  await engine.close();
  const port = await freePort();
  const common = { broker: { url: `mqtt://127.0.0.1:${port}` }, fleet: 'soak', plan: 'plan.json', threads: 1 };
  const config = async (name, settings) => {
    await writeFile(join(folder, name), JSON.stringify({ ...common, ...settings }));
    return join(folder, name);
  };
  const source = { type: 'stdin', format: 'raw', width: 28, height: 28, pixels: 'gray' };
  const settings = { device: 'cam-1', source, outbox: { path: 'outbox' }, healthS: 5 };
  const broker = await start(process.execPath, cli('broker', '--port', String(port)), 'ready');
  const consumer = await start(
    process.execPath,
    cli('consumer', '--config', await config('consumer.yaml', {})),
    'ready',
  );
  const results = ['--results', join(folder, 'results.jsonl'), '--json'];
  const agent = await start(
    process.execPath,
    ['--max-semi-space-size=2', ...cli('agent', '--config', await config('agent.yaml', settings), ...results)],
    'connected',
    'pipe',
  );
  const pids = { agent: agent.pid, consumer: consumer.pid, broker: broker.pid };
  const samples = [];
  const startMs = performance.now();
  const frame = Buffer.alloc(784);
  let frames = 0;
  for (let nextSample = 0; performance.now() - startMs < 60_000 * minutes; ) {
    frame.writeUInt32LE(frames++);
    agent.stdin.write(Buffer.from(frame));
    const atS = (performance.now() - startMs) / 1000;
    if (atS >= nextSample) {
      const used = await Promise.all(Object.values(pids).map(usageOf));
      samples.push({ atS, used: Object.fromEntries(Object.keys(pids).map((name, i) => [name, used[i]])) });
      nextSample = atS + 10;
    }
    await sleep(1000 / fps);
  }
  agent.stdin.end();
  await agent.ended;
  const { inferences } = JSON.parse(agent.stdout());
  const after = samples.filter((s) => s.atS > 6 * minutes);
  const of = (name) => ({
    mbPerHour: slope(after.map((s) => [s.atS / 3600, s.used[name].residentBytes / 1e6])),
    firstMb: after[0].used[name].residentBytes / 1e6,
    lastMb: after.at(-1).used[name].residentBytes / 1e6,
    mostMb: Math.max(...samples.map((s) => s.used[name].residentBytes / 1e6)),
    busyShare: (after.at(-1).used[name].cpuS - after[0].used[name].cpuS) / (after.at(-1).atS - after[0].atS),
  });
  const document = { format: 'cutline.bench-soak/1', minutes, fps, frames, inferences, load: loadavg()[0] };
  const processes = Object.fromEntries(Object.keys(pids).map((name) => [name, of(name)]));
  process.stdout.write(`${JSON.stringify({ ...document, processes }, null, 2)}\n`);
} finally {
  endAll();
  await rm(folder, { recursive: true, force: true });
}

/** Of the line with the least squares. */
function slope(points) {
  const mean = (k) => points.reduce((sum, p) => sum + p[k], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  const both = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return both / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}
