/**
 * What the runtime itself takes on this machine: broker, consumer and agent run here as they would in the field, around a
 * network that computes next to nothing, in several sizes. Everything that they say is theirs; nothing is assumed.
 */
import { z } from 'zod';
import type { Engine } from '../../../engine/index.ts';
import { float32, type Graph } from '../../../model/index.ts';
import { runCutline } from '../../../processes.ts';
import type { Runtime } from '../../../profile/index.ts';
import { type Echoes, openEchoes } from '../link/echo.ts';
import { REST_MS, timeGraph } from '../timing.ts';
import { runRelay } from './deployment.ts';
import { type Observed, runtimeOf } from './fit.ts';
import { relayBytes, relayHalves } from './relay.ts';

export interface RuntimeOptions {
  /** The built `cli/main.js`. */
  readonly command: string;
  readonly threads: number;
  /** Of the relays' pictures, 16 to 512; default five, 1 kB to 1 MB, the ends of most activations first. */
  readonly sides?: readonly number[];
  /** Of each relay, default 100; fewer of large ones, since a slow machine takes its time over each. */
  readonly inferences?: number;
  /** When it is used up, sizes are left out; two are always measured. */
  readonly budgetMs: number;
  readonly signal?: AbortSignal;
  readonly log: (line: string) => void;
}

/** The first two make a line. */
const SIDES = [16, 256, 128, 64, 512];
const INFERENCES = 100;
const FEWER = 40;
const ECHOES = 30;

/** @throws CutlineError PROCESS_ENDED, BROKER_*, CANCELLED */
export async function measureRuntime(engine: Engine, options: RuntimeOptions): Promise<Runtime> {
  const { command, threads, budgetMs, log } = options;
  const signal = options.signal ?? new AbortController().signal;
  const untilMs = performance.now() + budgetMs;
  const broker = runCutline(command, ['broker', '--port', '0', '--json'], () => {}, signal);
  let echoes: Echoes | undefined;
  try {
    const { url } = z.object({ url: z.string() }).parse(await broker.firstDocument);
    echoes = await openEchoes({ connect: loopback(url), signal });
    const observed: Observed[] = [];
    for (const side of options.sides ?? SIDES) {
      const bytes = relayBytes(side);
      if (observed.length >= 2 && performance.now() > untilMs) break;
      log(`runtime: messages of ${bytes} bytes`);
      const inferences = side > 256 ? FEWER : (options.inferences ?? INFERENCES);
      const { head, tail } = relayHalves(side);
      const before = await echo(echoes, bytes);
      const latencies = await runRelay(side, { command, url, threads, inferences, signal });
      const after = await echo(echoes, bytes);
      const shape = [1, 1, side, side];
      const alone = async (graph: Graph, name: string) => {
        const feeds = { [name]: float32(new Float32Array(side * side).fill(0.5), shape) };
        return (await timeGraph(engine, graph, feeds, { budgetMs: 20, pauseMs: REST_MS, signal })).p50;
      };
      const [headMs, tailMs] = [await alone(head, 'picture'), await alone(tail, 'activation')];
      observed.push({ bytes, latencies, headMs, tailMs, echoMs: [...before, ...after] });
    }
    return runtimeOf(observed);
  } finally {
    await echoes?.close().catch(() => {});
    await broker.stop();
  }
}

/** Half before and half after the relay, since a machine is not as fast in every second. */
async function echo(echoes: Echoes, bytes: number): Promise<number[]> {
  const ms: number[] = [];
  for (let i = 0; i < ECHOES; i++) ms.push((await echoes.probe(bytes)).echoMs);
  return ms.slice(2);
}

const loopback = (url: string) => ({
  url,
  protocol: 'auto' as const,
  clientId: `cutline-profile-${process.pid}`,
  keepaliveS: 15,
  connectTimeoutMs: 10_000,
  maxPacketBytes: 16 * 2 ** 20,
});
