/** The machine's speed: a roofline for each operator class, and the price of a node and of a call. */
import type { Engine } from '../../engine/index.ts';
import { type Compute, type OperatorClass, operatorClasses } from '../../profile/index.ts';
import { overheadChain, type Probe, probes } from './chains.ts';
import { fitRoof, type Point } from './roofline.ts';
import { round } from './round.ts';
import { timeGraph } from './timing.ts';

export interface ComputeOptions {
  readonly threads: number;
  /** Time in runs for each graph. Default 60 ms: about six seconds on a desktop. */
  readonly budgetMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, all: number) => void;
}

const SHORT = 1;
const LONG = 5;
const OVERHEAD_LONG = 101;

/**
 * Times chains of two lengths: the difference is the price of a node without the price of a call. The engine must be
 * otherwise idle.
 */
export async function measureCompute(engine: Engine, options: ComputeOptions): Promise<Compute> {
  const { threads, budgetMs = 60, onProgress = () => {} } = options;
  const timing = { budgetMs, ...(options.signal && { signal: options.signal }) };
  // A low quantile: a difference of two times is at the mercy of whatever else ran during one of them.
  const time = async ({ graph, feeds }: ReturnType<Probe['chain']>) =>
    (await timeGraph(engine, graph, feeds, timing)).p10;

  const callMs = await time(overheadChain(SHORT));
  const nodeMs = Math.max(0, ((await time(overheadChain(OVERHEAD_LONG))) - callMs) / (OVERHEAD_LONG - SHORT));
  const points = new Map<OperatorClass, Point[]>(operatorClasses.map((c) => [c, []]));
  for (const [i, probe] of probes.entries()) {
    onProgress(i, probes.length);
    const difference = (await time(probe.chain(LONG))) - (await time(probe.chain(SHORT)));
    // A difference below the clock's noise says nothing; the long chain's own share does, from above.
    const ms = difference > 0 ? difference / (LONG - SHORT) : (await time(probe.chain(LONG))) / LONG;
    points.get(probe.class)!.push({ macs: probe.macs, bytes: probe.bytes, ms: Math.max(ms - nodeMs, ms / 10) });
  }
  onProgress(probes.length, probes.length);
  const measured = { source: 'measured' as const };
  const entries = operatorClasses.map((c) => {
    const roof = fitRoof(points.get(c)!);
    const note = `fitted over ${points.get(c)!.length} sizes, median error ${Math.round(100 * roof.error)} %`;
    return [
      c,
      {
        ...(roof.macsPerS !== undefined && {
          macsPerS: { value: round(roof.macsPerS), unit: 'MAC/s', ...measured, note },
        }),
        bytesPerS: { value: round(roof.bytesPerS), unit: 'B/s', ...measured, note },
      },
    ] as const;
  });
  return {
    engine: engine.name,
    threads,
    classes: Object.fromEntries(entries) as Compute['classes'],
    nodeOverheadMs: { value: round(nodeMs), unit: 'ms', ...measured },
    callOverheadMs: { value: round(Math.max(0, callMs - nodeMs)), unit: 'ms', ...measured },
  };
}
