/**
 * What an audit does, and how it does less: from all that was asked for down to a few cuts and the attacks that matter most.
 * What was asked for by name stays; everything that is left out or shortened is said.
 */
import { type AttackName, attackFacts, attackNames } from '../../attacks.ts';
import type { Cut } from '../../model/index.ts';
import { type Threat, threats } from '../../threats.ts';
import type { AttackSettings } from './attack-settings.ts';
import { type AttackEntry, attackTable } from './attack-table.ts';
import type { WorkFacts } from './work.ts';

export interface Draft {
  readonly cuts: readonly Cut[];
  readonly attacks: readonly AttackName[];
  readonly images: number;
  /** Share of the steps and epochs that an attack takes where nobody says how many. */
  readonly effort: number;
  /** Whether a cut that an attack has opened is spared the others. */
  readonly sparing: boolean;
}

/** What was asked for by name, and so is not to be changed. */
export interface Asked {
  readonly cuts: boolean;
  readonly attacks: boolean;
  readonly images: boolean;
}

/** Fewer victims make intervals too wide to decide by. */
const fewestVictims = 20;
/** What is given up first where several attackers are at hand; the last is the cheap exact one. */
const givenUp = ([1, 2, 3, 4] as const).map((turn) => attackNames.filter((name) => attackFacts(name).givenUp === turn));

/** Ever less, all that was asked for first. */
export function drafts(whole: Draft, asked: Asked): Draft[] {
  const steps: ((draft: Draft) => Draft)[] = [
    (d) => ({ ...d, sparing: true }),
    ...(asked.cuts ? [] : [(d: Draft) => ({ ...d, cuts: worthwhile(d.cuts) })]),
    ...(asked.images ? [] : [(d: Draft) => ({ ...d, images: Math.min(d.images, fewestVictims) })]),
    (d) => ({ ...d, effort: 1 / 2 }),
    ...(asked.attacks ? [] : givenUp.slice(0, 2).map(without)),
    (d) => ({ ...d, effort: 1 / 4 }),
    ...(asked.attacks ? [] : givenUp.slice(2).map(without)),
    ...(asked.cuts ? [] : [everySecond, everySecond]),
    (d) => ({ ...d, effort: 1 / 8 }),
    ...(asked.cuts ? [] : [everySecond]),
  ];
  const all = [whole];
  for (const step of steps) {
    const next = step(all.at(-1)!);
    if (next.cuts.length > 0 && next.attacks.length > 0) all.push(next);
  }
  return all;
}

/** Never the last attack of the strongest attacker. */
const without =
  (names: readonly AttackName[]) =>
  (draft: Draft): Draft => {
    const strongest = strongestOf(draft.attacks);
    const attacks = draft.attacks.filter((name) => !names.includes(name));
    return attacks.some((name) => attackFacts(name).threat === strongest) ? { ...draft, attacks } : draft;
  };

export const strongestOf = (attacks: readonly AttackName[]): Threat =>
  threats.find((t) => attacks.some((name) => attackFacts(name).threat === t))!;

/** Cuts that send less than every cut before them: no others are worth taking. The first is open, and cheap to show. */
export function worthwhile(cuts: readonly Cut[]): Cut[] {
  let least = Number.POSITIVE_INFINITY;
  return cuts.filter(({ activationBytes }) => {
    if (activationBytes === null || activationBytes >= least) return false;
    least = activationBytes;
    return true;
  });
}

/** Every second, counted from the deepest, which is the likeliest to be safe. */
function everySecond(draft: Draft): Draft {
  const { cuts } = draft;
  return { ...draft, cuts: cuts.filter((_, i) => (cuts.length - 1 - i) % 2 === 0) };
}

/** The settings as they are asked for, and what nobody asked for in proportion to the effort. */
export function settingsFor(
  settings: AttackSettings,
  effort: number,
  facts: Omit<WorkFacts, 'victims'>,
): AttackSettings {
  if (effort === 1) return settings;
  const less = (n: number, least: number) => Math.max(Math.min(n, least), Math.round(effort * n));
  const shorter = entries(attackNames).map((entry) => entry.shorten?.(settings, { ...facts, less }));
  return Object.assign({ ...settings, effort }, ...shorter);
}

const entries = (names: readonly AttackName[]): readonly AttackEntry[] => names.map((name) => attackTable[name]);

/** In sentences: what is less than was asked for or usual. */
export function costInStrength(whole: Draft, draft: Draft, before: AttackSettings, after: AttackSettings): string[] {
  const said: string[] = [];
  const [n, m] = [draft.cuts.length, whole.cuts.length];
  if (n < m) {
    said.push(
      `${n} of ${m} cuts, those that send least: ${draft.cuts.map((c) => c.id).join(', ')}. The other ${m - n} stay unaudited.`,
    );
  }
  if (draft.images < whole.images) said.push(`${draft.images} victims instead of ${whole.images}: wider intervals.`);
  const dropped = givenUp.flat().filter((name) => whole.attacks.includes(name) && !draft.attacks.includes(name));
  if (dropped.length > 0) said.push(`Without ${dropped.join(', ')}: an attacker who mounts them may get more.`);
  if (draft.sparing) said.push('A cut that an attack has opened is spared the others.');
  if (draft.effort < 1) {
    const lengths = new Set(entries(attackNames.filter((name) => draft.attacks.includes(name))).map((e) => e.length));
    const shorter = [...lengths].flatMap((length) =>
      length && length.of(before) === undefined ? [`${length.of(after)} ${length.name}`] : [],
    );
    if (shorter.length > 0)
      said.push(
        `${shorter.join(', ')}: ${draft.effort} of what is usual. Attacks are weaker so, and leaks may look smaller.`,
      );
  }
  return said;
}
