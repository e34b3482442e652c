/**
 * How mechanisms are written: `none`, or stages joined by `+`, those on the network's input prefixed by `input.`:
 * `input.gauss(sd=0.1)+clip(l2=4)+gauss(eps=8,delta=1e-5)+quant(bits=4)`. One parser, one formatter: equal mechanisms have
 * equal texts, and format∘parse is the identity on canonical ones.
 */
import { CutlineError } from '../../errors.ts';

export type Place = 'input' | 'activation';

/** A number, a number times the RMS of the tensor (`0.5x`), or a word. */
export type Value =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'relative'; readonly value: number }
  | { readonly kind: 'word'; readonly value: string };

export interface Argument {
  readonly key: string;
  readonly value: Value;
  /** Where it stands in the text, from 0 on. */
  readonly at: number;
}

export interface StageSpec {
  readonly place: Place;
  readonly name: string;
  readonly args: readonly Argument[];
  readonly at: number;
}

/** In the order in which they act. */
export type Spec = readonly StageSpec[];

/** Longer ones are no mechanism, whoever sent them. */
const longest = 1000;
const token = {
  name: /[a-z][a-z0-9]*/y,
  number: /\d{1,25}(?:\.\d{1,25})?(?:e[-+]?\d{1,3})?/y,
  word: /[a-z][a-z0-9-]*/y,
};

/** @throws CutlineError DEFENSE_SPEC with the position, and what was expected there */
export function parseSpec(text: string): Spec {
  if (text === 'none') return [];
  if (text.length > longest) throw specError(text, longest, 'the end: it is too long');
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const skip = (literal: string): boolean => {
    const there = text.startsWith(literal, at);
    if (there) at += literal.length;
    return there;
  };
  const value = (): Value => {
    const digits = take(token.number);
    if (digits === undefined) {
      const word = take(token.word);
      if (word === undefined) throw specError(text, at, 'a number or a word');
      return { kind: 'word', value: word };
    }
    return { kind: skip('x') ? 'relative' : 'number', value: Number(digits) };
  };
  const args = (): Argument[] => {
    const list: Argument[] = [];
    if (!skip('(') || skip(')')) return list;
    do {
      const start = at;
      const key = take(token.name);
      if (key === undefined) throw specError(text, at, 'the name of a parameter');
      if (list.some((a) => a.key === key))
        throw specError(text, start, `another parameter than ${key}, which stands there twice`);
      if (!skip('=')) throw specError(text, at, `= after ${key}`);
      list.push({ key, value: value(), at: start });
    } while (skip(','));
    if (!skip(')')) throw specError(text, at, ', or )');
    return list;
  };
  const stages: StageSpec[] = [];
  do {
    const start = at;
    const place: Place = skip('input.') ? 'input' : 'activation';
    const name = take(token.name);
    if (name === undefined) throw specError(text, at, 'the name of a stage');
    if (place === 'input' && stages.at(-1)?.place === 'activation') {
      throw specError(text, start, 'a stage on the activation: those on the input come first');
    }
    stages.push({ place, name, args: args(), at: start });
  } while (skip('+'));
  if (at < text.length) throw specError(text, at, '+ or the end');
  return stages;
}

/** What of a mechanism acts before the head. @throws CutlineError DEFENSE_SPEC */
export function inputStages(text: string): string {
  const before = parseSpec(text).filter((stage) => stage.place === 'input');
  return before.length === 0 ? '' : formatSpec(before);
}

/** The canonical text. */
export function formatSpec(spec: Spec): string {
  if (spec.length === 0) return 'none';
  return spec
    .map(({ place, name, args }) => `${place === 'input' ? 'input.' : ''}${formatStage(name, args)}`)
    .join('+');
}

export function formatStage(name: string, args: readonly Pick<Argument, 'key' | 'value'>[]): string {
  if (args.length === 0) return name;
  return `${name}(${args.map(({ key, value }) => `${key}=${formatValue(value)}`).join(',')})`;
}

function formatValue({ kind, value }: Value): string {
  if (kind === 'word') return value;
  return `${numberText(value)}${kind === 'relative' ? 'x' : ''}`;
}

/** The shortest text of a number, as people write it: 0.5, 1e-5. */
function numberText(value: number): string {
  return value > 0 && value < 1e-3 ? value.toExponential() : String(value).replace('e+', 'e');
}

/** Canonical text of a stage, for stages that know their parameters; what is undefined is left out. */
export function stageText(name: string, values: Readonly<Record<string, number | string | undefined>>): string {
  const args = Object.entries(values).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [{ key, value: typeof value === 'number' ? numberValue(value) : ({ kind: 'word', value } as const) }];
  });
  return formatStage(name, args);
}

export const numberValue = (value: number): Value => ({ kind: 'number', value });

/** @param at position in the text, from 0 on */
export function specError(text: string, at: number, expected: string): CutlineError {
  return new CutlineError('DEFENSE_SPEC', { spec: text.slice(0, 100), at: at + 1, expected });
}
