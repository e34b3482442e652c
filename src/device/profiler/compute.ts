/** The machine's speed: a roofline for each operator class, the price of a node and of a call, and how far off they are. */
import { createEngine, type Engine } from '../../engine/index.ts';
import { inferShapes, nodeWork } from '../../model/index.ts';
import { median } from '../../numeric/index.ts';
import { type Compute, type OperatorClass, operatorClasses, rooflineMs } from '../../profile/index.ts';
import { overheadChain, type Probe, probes } from './chains.ts';
import { trialHeads } from './heads.ts';
import { fitRoof, type Point } from './roofline.ts';
import { round } from './round.ts';
import { type TimingOptions, timeGraph } from './timing.ts';

export interface ComputeOptions {
  readonly threads: number;
  /** Time in runs for each graph. Default 60 ms: about ten seconds on a desktop. */
  readonly budgetMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, all: number) => void;
}

const SHORT = 1;
const LONG = 5;
const OVERHEAD_LONG = 101;
const measured = { source: 'measured' as const };

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
  const all: { readonly probe: Probe; readonly point: Point }[] = [];
  for (const [i, probe] of probes.entries()) {
    onProgress(i, probes.length);
    const difference = (await time(probe.chain(LONG))) - (await time(probe.chain(SHORT)));
    // A difference below the clock's noise says nothing; the long chain's own share does, from above.
    const ms = difference > 0 ? difference / (LONG - SHORT) : (await time(probe.chain(LONG))) / LONG;
    all.push({ probe, point: { macs: probe.macs, bytes: probe.bytes, ms: Math.max(ms - nodeMs, ms / 10) } });
  }
  onProgress(probes.length, probes.length);
  const classes = Object.fromEntries(operatorClasses.map((c) => [c, roofOf(c, all)])) as Compute['classes'];
  const compute: Compute = {
    engine: engine.name,
    threads,
    classes,
    nodeOverheadMs: { value: round(nodeMs), unit: 'ms', ...measured },
    callOverheadMs: { value: round(Math.max(0, callMs - nodeMs)), unit: 'ms', ...measured },
  };
  return {
    ...compute,
    heldOutHeads: await errorsOfHeads(engine, compute, timing),
    byThreads: await speedsByThreads(engine, threads, timing),
  };
}

function roofOf(c: OperatorClass, all: readonly { readonly probe: Probe; readonly point: Point }[]) {
  const own = all.filter(({ probe }) => probe.class === c);
  const fitted = own.filter(({ probe }) => !probe.heldOut).map(({ point }) => point);
  const roof = fitRoof(fitted);
  const note = `fitted over ${fitted.length} sizes, median error ${Math.round(100 * roof.error)} %`;
  const { macsPerS, bytesPerS, fixedMs, sums } = roof;
  const entry: Compute['classes'][OperatorClass] = {
    ...(macsPerS !== undefined && { macsPerS: { value: round(macsPerS), unit: 'MAC/s', ...measured, note } }),
    bytesPerS: { value: round(bytesPerS), unit: 'B/s', ...measured, note },
    ...(fixedMs > 0 && { fixedMs: { value: round(fixedMs), unit: 'ms', ...measured } }),
    ...(sums && { sums }),
  };
  const none = { value: 0, unit: 'ms' as const, ...measured };
  const alone = { classes: { [c]: entry } as Compute['classes'], nodeOverheadMs: none, callOverheadMs: none };
  const errors = own
    .filter(({ probe }) => probe.heldOut)
    .map(({ point }) => Math.abs(rooflineMs([{ ...point, class: c }], alone) / point.ms - 1));
  return { ...entry, heldOut: summary(errors) };
}

/** Against the median: that is what a plan predicts. */
async function errorsOfHeads(engine: Engine, compute: Compute, timing: TimingOptions) {
  const errors: number[] = [];
  for (const { graph } of trialHeads()) {
    const input = graph.inputs[0]!;
    const shape = input.shape.map(Number);
    const data = new Float32Array(shape.reduce((a, d) => a * d, 1)).fill(1);
    const { p50 } = await timeGraph(engine, graph, { x: { dtype: 'float32', shape, data } }, timing);
    const work = nodeWork(await inferShapes(graph, engine));
    errors.push(Math.abs(rooflineMs([...work.values()], compute) / p50 - 1));
  }
  return summary(errors);
}

const summary = (errors: readonly number[]) => ({
  n: errors.length,
  medianError: round(median(errors)),
  worstError: round(Math.max(...errors)),
});

/** Powers of two below what was asked for: how much a machine gains from more. */
async function speedsByThreads(engine: Engine, threads: number, timing: TimingOptions) {
  const { graph, feeds } = probes[0]!.chain(LONG);
  const own = (await timeGraph(engine, graph, feeds, timing)).p50;
  const speeds: NonNullable<Compute['byThreads']> = [];
  for (let fewer = 1; fewer < threads; fewer *= 2) {
    const other = await createEngine({ threads: fewer });
    try {
      const { p50 } = await timeGraph(other, graph, feeds, timing);
      speeds.push({ threads: fewer, speed: { value: round(own / p50), unit: 'ratio', ...measured } });
    } finally {
      await other.close();
    }
  }
  return speeds;
}
