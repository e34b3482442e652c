/** A search as plain data, so that it can be made again somewhere else: in the page that a plan's report is. Pure. */
import type { FixedInput, NodeWork } from '../../model/index.ts';
import type { CodecName, Protocol, Thresholds } from '../../plan/index.ts';
import { type Release, showsOrder } from '../../privacy/mechanisms/index.ts';
import { capAt } from '../code.ts';
import type { CutFacts } from '../facts.ts';
import type { Findings } from '../leakage.ts';
import type { Profiles } from '../price.ts';
import type { Search } from '../weigh.ts';
import { readOf } from './findings.ts';
import { fromRuns, type Runs, runsOf } from './runs.ts';

interface RecordedCut extends Omit<CutFacts, 'head' | 'tail'> {
  /** Places in `work`. */
  readonly head: Runs;
  readonly tail: Runs;
  readonly defenses: readonly string[];
  /** Places of the cuts that can be computed from it. */
  readonly shows: Runs;
}

/** Everything that decides, and nothing else. */
export interface RecordedSearch {
  readonly format: 'cutline.search/1';
  readonly model: {
    readonly sha256: string;
    readonly fixed?: readonly FixedInput[];
    readonly answerBytes: number;
    /** Of every node, once. */
    readonly work: readonly NodeWork[];
    readonly cuts: readonly RecordedCut[];
  };
  readonly profiles: Profiles;
  readonly codecs: readonly CodecName[];
  readonly thresholds: Thresholds;
  readonly protocol: Protocol | null;
  readonly maxPacketBytes?: number;
  readonly findings: Findings;
}

export function recordedSearch(input: Search, findings: Findings): RecordedSearch {
  const { model, profiles, codecs, thresholds, protocol, maxPacketBytes, shows } = input;
  const places = new Map<NodeWork, number>();
  const placesOf = (nodes: readonly NodeWork[]) =>
    runsOf(
      nodes.map((node) => {
        if (!places.has(node)) places.set(node, places.size);
        return places.get(node)!;
      }),
    );
  const bare = ({ id }: CutFacts): Release => ({ cut: id, defense: 'none', codec: 'float32' });
  // The deepest first: its head is all of the network, in order.
  const heads = new Map(model.cuts.toReversed().map((cut) => [cut.id, placesOf(cut.head)]));
  const cuts = model.cuts.map(({ head: _, tail, ...cut }, i): RecordedCut => {
    const shown = model.cuts.flatMap((other, k) => (shows?.(bare(model.cuts[i]!), bare(other)) ? [k] : []));
    return {
      ...cut,
      head: heads.get(cut.id)!,
      tail: placesOf(tail),
      defenses: input.defenses(cut.id),
      shows: runsOf(shown),
    };
  });
  const { sha256, fixed, answerBytes } = model;
  return {
    format: 'cutline.search/1',
    model: { sha256, ...(fixed && { fixed }), answerBytes, work: [...places.keys()], cuts },
    profiles: ofModel(profiles, sha256),
    codecs,
    thresholds,
    protocol,
    ...(maxPacketBytes !== undefined && { maxPacketBytes }),
    findings: readOf(findings),
  };
}

/** Without what was measured of other models. */
function ofModel({ device, cloud, link }: Profiles, sha256: string): Profiles {
  const own = (profile: Profiles['device']) => {
    const { models, ...rest } = profile;
    return models ? { ...rest, models: models.filter((m) => m.sha256 === sha256) } : profile;
  };
  // Of the link nothing but the link is asked.
  const { compute: _, models: _m, encode: _e, mechanism: _c, runtime: _r, ...line } = link;
  return { device: own(device), cloud: own(cloud), link: line };
}

/** The search as it was, to be made with the same code. */
export function searchOf(recorded: RecordedSearch): { readonly input: Search; readonly findings: Findings } {
  const { model, profiles, codecs, thresholds, protocol, maxPacketBytes, findings } = recorded;
  const nodes = (runs: Runs) => fromRuns(runs).map((i) => model.work[i]!);
  const cuts = model.cuts.map(({ head, tail, defenses: _, shows: _s, ...cut }): CutFacts => {
    return { ...cut, head: nodes(head), tail: nodes(tail) };
  });
  const defenses = new Map(model.cuts.map((cut) => [cut.id, cut.defenses]));
  const shown = new Map(model.cuts.map((cut) => [cut.id, new Set(fromRuns(cut.shows).map((k) => cuts[k]!.id))]));
  const { work: _, cuts: _c, ...identity } = model;
  return {
    input: {
      model: { ...identity, cuts },
      profiles,
      defenses: (id) => defenses.get(id) ?? ['none'],
      codecs,
      thresholds,
      protocol,
      shows: showsOrder((from, to) => shown.get(from)?.has(to) ?? false),
      caps: capAt,
      ...(maxPacketBytes !== undefined && { maxPacketBytes }),
    },
    findings,
  };
}
