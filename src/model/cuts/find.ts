/** The cuts of a network: every place where it can be divided between a device and a cloud. */
import { type Cost, cost } from '../cost.ts';
import type { Graph, ValueInfo } from '../graph.ts';
import { activationBytes, allValues, isSendable } from '../values.ts';
import { pictureInput } from './behind.ts';
import { type Flow, flowOf } from './flow.ts';
import { type Frontier, frontiersOf } from './frontiers.ts';
import { cutNames } from './names.ts';
import { type Piece, Separators } from './separators.ts';
import { towerFrontiers } from './towers.ts';

export interface Cut {
  /** Node or tensor names joined by `+`; `input` is all-cloud, `output` all-device. */
  readonly id: string;
  /** What is sent, in order of production. */
  readonly tensors: readonly ValueInfo[];
  /** Bytes of these tensors, uncompressed, for the batch the graph is bound to; null where they depend on data. */
  readonly activationBytes: number | null;
  readonly headMacs: number;
  readonly tailMacs: number;
  /** Weights needed on each side; one used on both counts on both. */
  readonly headParameters: number;
  readonly tailParameters: number;
}

export interface CutOptions {
  /** Most tensors in one cut. Default 3. */
  readonly maxTensors?: number;
  /** Of several inputs, the one whose tower is cut too. Default the picture (`pictureInput`), else the first. */
  readonly along?: string | undefined;
}

/** A cut before it is described: nodes of the flow below `prefix` and those in `extra` are before it. */
interface Place extends Pick<Frontier, 'ids'> {
  readonly prefix: number;
  readonly extra: readonly number[];
}

/**
 * All cuts, in order of depth: `input`; every tensor that by itself separates all inputs from all outputs; the small
 * frontiers between those; `output`. Constants and shape arithmetic are no payload, bodies of If, Loop and Scan are not
 * entered, and a node that reads from outside a body reads it like an input. What cannot be sent (sequences, maps, texts,
 * bfloat16) is no cut, whatever makes it; only `input` and `output` are there always.
 *
 * Left out, as dominated:
 * 1. sets that contain a smaller cut (a residual's inner tensor together with its skip: the skip alone does);
 * 2. sets of more bytes than the single-tensor cut their block starts from, or of as many for no MAC more;
 * 3. sets of no fewer bytes and no fewer head MACs than the single-tensor cut their block ends in;
 * 4. sets of a size that depends on data;
 * 5. of the sets within a block, those that another has no more bytes and no more head MACs than; of equals the deepest stays.
 * Single-tensor cuts are never left out, nor is anything judged against `input`: a picture is small, but it is the picture. Nor are
 * those of a tower: where a model has several inputs, every tensor that separates one of them, the picture, from the outputs is a cut
 * together with what comes from the others, which mostly crosses as it is (`towerFrontiers`; `maxTensors` does not count that).
 *
 * @param graph with shapes inferred and bound
 */
export function findCuts(graph: Graph, options: CutOptions = {}): Cut[] {
  const flow = flowOf(graph);
  const values = allValues(graph);
  const costs = cost(graph);
  const nodes = flow.nodes.length;
  const macs = new Float64Array(nodes + 1);
  flow.nodes.forEach((i, n) => {
    macs[n + 1] = macs[n]! + costs.nodes[i]!.macs;
  });
  const macsAt = (p: Place) => p.extra.reduce((sum, n) => sum + macs[n + 1]! - macs[n]!, macs[p.prefix]!);
  const info = (id: number) => values.get(flow.tensors[id]!);
  const bytesAt = (p: Place) => {
    const sizes = p.ids.map((id) => activationBytes(info(id)!));
    return sizes.every((s) => s !== null) ? sizes.reduce((a, b) => a + b, 0) : null;
  };
  const sendable = (p: Place) => p.ids.every((id) => isSendable(info(id)));

  const inputs = flow.tensors.flatMap((_, id) => (id < flow.inputCount ? [id] : []));
  const outputs = flow.tensors.flatMap((_, id) => (flow.isOutput[id] ? [id] : []));
  if (inputs.length === 0) return [];
  const first: Place = { ids: inputs, prefix: 0, extra: [] };
  const last: Place = { ids: outputs, prefix: nodes, extra: [] };
  const ends = [first.ids.join(), last.ids.join()];
  const whole: Piece = { first: 0, last: nodes, start: inputs, end: outputs };
  const singles = (new Separators(flow, whole).singles([]) ?? [])
    .filter((id) => !ends.includes(String(id)))
    .map((id): Place => ({ ids: [id], prefix: flow.producer[id]! + 1, extra: [] }));

  const along = options.along ?? pictureInput(graph) ?? graph.inputs[0]!.name;
  // What separates every input is behind all towers, so that these are all before the first single-tensor cut.
  const towers = towerFrontiers(graph, flow, along)
    .filter((f) => !ends.includes(f.ids.join()))
    .map((f): Place => ({ ids: f.ids, prefix: 0, extra: f.head }))
    .filter(sendable);
  const places: Place[] = [first];
  const boundaries = [first, ...singles, last];
  for (let i = 0; i + 1 < boundaries.length; i++) {
    const [from, to] = [boundaries[i]!, boundaries[i + 1]!];
    if (i > 0) places.push(from);
    const piece: Piece = { first: from.prefix, last: to.prefix, start: from.ids, end: to.ids };
    const frontiers = frontiersOf(flow, piece, options.maxTensors ?? 3)
      .filter((f) => !ends.includes(f.ids.join()))
      .map((f): Place => ({ ids: f.ids, prefix: from.prefix, extra: f.head }))
      .filter(sendable);
    const start = i > 0 && sendable(from) ? from : undefined;
    // What cannot be cut at is never better, and what is sent in an unknown number of bytes is better than nothing.
    const sent = (p: Place) => (sendable(p) ? bytesAt(p) : null) ?? Number.POSITIVE_INFINITY;
    const kept = undominated(frontiers, { from: start, to, bytesAt: sent, macsAt });
    places.push(...(i === 0 ? inDepth([...kept, ...towers]) : kept));
  }
  places.push(last);
  const count = weightCounter(flow, costs);
  const name = cutNames(graph);
  return places
    .filter((p) => sendable(p) || p === first || p === last)
    .map((p) => {
      const id = p === first ? 'input' : p === last ? 'output' : p.ids.map((t) => name(flow.tensors[t]!)).join('+');
      const headMacs = macsAt(p);
      return {
        id,
        tensors: p.ids.map((t) => info(t)!),
        activationBytes: bytesAt(p),
        headMacs,
        tailMacs: macs[nodes]! - headMacs,
        ...count(p),
      };
    });
}

interface Block {
  /** The single-tensor cut before; undefined for the input. */
  readonly from: Place | undefined;
  readonly to: Place;
  /** Infinite where it is not known, or nothing can be sent there. */
  readonly bytesAt: (p: Place) => number;
  readonly macsAt: (p: Place) => number;
}

/** Rules 2 to 5 of `findCuts`, and the order of depth. */
function undominated(places: readonly Place[], { from, to, bytesAt, macsAt }: Block): Place[] {
  const fromBytes = from ? bytesAt(from) : Number.POSITIVE_INFINITY;
  const fromMacs = from ? macsAt(from) : 0;
  const [toBytes, toMacs] = [bytesAt(to), macsAt(to)];
  const kept = places
    .map((place) => ({ place, bytes: bytesAt(place), macs: macsAt(place), depth: place.extra.length }))
    .filter((c) => Number.isFinite(c.bytes))
    .filter((c) => c.bytes < fromBytes || (c.bytes === fromBytes && c.macs > fromMacs))
    .filter((c) => c.bytes < toBytes || c.macs < toMacs)
    .sort((a, b) => a.macs - b.macs || a.bytes - b.bytes || b.depth - a.depth);
  const pareto: typeof kept = [];
  for (const c of kept) if (c.bytes < (pareto.at(-1)?.bytes ?? Number.POSITIVE_INFINITY)) pareto.push(c);
  return inDepth(pareto.map((c) => c.place));
}

/** By what is made last; each set once. */
function inDepth(places: readonly Place[]): Place[] {
  const unique = new Map(places.map((p) => [p.ids.join(), p]));
  return [...unique.values()].sort((a, b) => a.ids.at(-1)! - b.ids.at(-1)!);
}

/** Parameters before and after a place. */
function weightCounter(flow: Flow, costs: Cost): (p: Place) => Pick<Cut, 'headParameters' | 'tailParameters'> {
  const readers = new Map<string, number[]>();
  let hidden = 0;
  const hiddenAt: number[] = [];
  flow.nodes.forEach((i, n) => {
    const c = costs.nodes[i]!;
    for (const w of c.weights) readers.set(w, [...(readers.get(w) ?? []), n]);
    // Weights inside bodies belong to their node.
    hiddenAt[n] = c.parameters - c.weights.reduce((sum, w) => sum + costs.weightSizes.get(w)!, 0);
    hidden += hiddenAt[n]!;
  });
  return (p) => {
    const extra = new Set(p.extra);
    const before = (n: number) => n < p.prefix || extra.has(n);
    let headParameters = 0;
    let tailParameters = 0;
    for (const [w, users] of readers) {
      const size = costs.weightSizes.get(w)!;
      if (users.some(before)) headParameters += size;
      if (users.some((n) => !before(n))) tailParameters += size;
    }
    const hiddenHead = hiddenAt.reduce((sum, h, n) => (before(n) ? sum + h : sum), 0);
    return { headParameters: headParameters + hiddenHead, tailParameters: tailParameters + hidden - hiddenHead };
  };
}
