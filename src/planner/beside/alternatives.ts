/** To split or not: the best way of each kind side by side, which wins, by how much, and what would have to change. */
import type { Candidate, Thresholds } from '../../plan/index.ts';
import { objectiveValue } from '../choose.ts';
import type { Profiles } from '../price.ts';
import { leastRelaxation, relaxationText } from '../relax.ts';
import { refusalOf, type Weighed } from '../search.ts';
import { labelOf, priceOf, type Search } from '../weigh.ts';
import { breakEvens, breakEvenText } from './break-even.ts';
import { scaled } from './scaled.ts';

export const kinds = ['device', 'cloud', 'split'] as const;
export type Kind = (typeof kinds)[number];

export interface Alternative {
  readonly kind: Kind;
  /** The best that is allowed; where none is, the one that breaks least. Null where the network offers none. */
  readonly candidate: Candidate | null;
  /** What would have to change for it to win; empty for the winner. */
  readonly change: string;
}

export interface Alternatives {
  readonly list: readonly Alternative[];
  /** Null where nothing is allowed. */
  readonly winner: Kind | null;
  readonly sentence: string;
}

/** @param weighed every candidate, without `--at`: what was not asked for is part of the answer */
export function alternatives(input: Search, weighed: readonly Weighed[]): Alternatives {
  const { thresholds } = input;
  const best = new Map(
    kinds.map((kind) => [
      kind,
      bestOf(
        weighed.filter((w) => kindOf(w) === kind),
        thresholds,
      ),
    ]),
  );
  const allowed = kinds.filter((kind) => best.get(kind)?.breaches.length === 0);
  const value = (kind: Kind) => objectiveValue(best.get(kind)!.candidate, thresholds);
  const winner = allowed.reduce<Kind | null>((a, b) => (a === null || value(b) < value(a) ? b : a), null);
  const list = kinds.map((kind): Alternative => {
    const own = best.get(kind);
    if (!own) return { kind, candidate: null, change: 'The network has no such way.' };
    const won = winner === null ? undefined : best.get(winner);
    return { kind, candidate: own.candidate, change: kind === winner ? '' : changeFor(input, own, won) };
  });
  return { list, winner, sentence: sentenceOf(list, winner, thresholds) };
}

const kindOf = ({ candidate: { cut } }: Weighed): Kind =>
  cut === 'output' ? 'device' : cut === 'input' ? 'cloud' : 'split';

/** Fewest requirements broken, then cheapest; one that is confirmed before one that is not. */
function bestOf(list: readonly Weighed[], asked: Thresholds): Weighed | undefined {
  let best: Weighed | undefined;
  for (const w of list) {
    if (!best) best = w;
    else {
      const order =
        w.breaches.length - best.breaches.length ||
        Number(w.candidate.standing !== 'safe') - Number(best.candidate.standing !== 'safe') ||
        difference(objectiveValue(w.candidate, asked), objectiveValue(best.candidate, asked));
      if (order < 0) best = w;
    }
  }
  return best;
}

/** Two that are both unknown do not differ. */
const difference = (a: number, b: number): number => (a === b ? 0 : a - b);

function changeFor(input: Search, loser: Weighed, winner: Weighed | undefined): string {
  if (loser.breaches.length > 0) {
    const relaxation = leastRelaxation([refusalOf(loser)]);
    if (relaxation) return relaxationText(relaxation);
    return loser.breaches.map((b) => b.reason).join(' ');
  }
  if (!winner) return '';
  const own = concerning(
    input.profiles,
    [loser, winner].map((w) => w.option.cut.id),
  );
  const found = breakEvens((pace) => {
    const profiles = scaled(own, pace);
    const at = ({ option }: Weighed) => objectiveValue(priceOf({ ...input, profiles }, option), input.thresholds);
    return difference(at(loser), at(winner));
  });
  if (found.length === 0) return 'No speed of the device and no bandwidth would make it win.';
  return `It would win with ${found.map(breakEvenText).join(', or ')}.`;
}

/** Without the measurements of other cuts: the profile is scaled many times. */
function concerning(profiles: Profiles, cuts: readonly string[]): Profiles {
  const models = profiles.device.models?.map((m) => ({ ...m, cuts: m.cuts.filter((c) => cuts.includes(c.cut)) }));
  return { ...profiles, device: { ...profiles.device, ...(models && { models }) } };
}

const names: Readonly<Record<Kind, string>> = {
  device: 'keeping everything on the device',
  cloud: 'sending the picture to the cloud',
  split: 'splitting',
};

function sentenceOf(list: readonly Alternative[], winner: Kind | null, asked: Thresholds): string {
  if (winner === null) return 'Neither the device alone, nor the cloud alone, nor a split meets what is asked for.';
  const won = list.find((a) => a.kind === winner)!.candidate!;
  const best = objectiveValue(won, asked);
  const others = list
    .filter((a) => a.kind !== winner && a.candidate)
    .map(({ kind, candidate }) => {
      const c = candidate!;
      const value = objectiveValue(c, asked);
      const cost = Number.isFinite(value) ? amount(value, asked) : 'an unknown amount';
      if (!c.feasible) return `${names[kind]} would take ${cost}, and is not allowed`;
      const ratio = best > 0 && Number.isFinite(value) ? ` (${figure(value / best)} times as much)` : '';
      return `${names[kind]} takes ${cost}${ratio}`;
    });
  const first = winner === 'split' ? `Splitting wins (${labelOf(won)})` : `Do not split: ${names[winner]} wins`;
  return `${[`${first} with ${amount(best, asked)}`, ...others].join('; ')}.`;
}

function amount(value: number, { objective }: Thresholds): string {
  switch (objective) {
    case 'latency':
      return `${figure(value)} ms`;
    case 'p95':
      return `${figure(value)} ms at the 95th percentile`;
    case 'energy':
      return `${figure(value)} mJ`;
    case 'bytes':
      return `${figure(value)} bytes`;
    case 'cloud':
      return `${figure(value)} ms of a server`;
    case 'weights':
      return `a weighted sum of ${figure(value)}`;
    default:
      return objective satisfies never;
  }
}

const figure = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
