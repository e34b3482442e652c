/** What a slider's place stands for. Pure. */

export interface Scale {
  /** A slider has places 0 … steps. */
  readonly steps: number;
  valueAt(place: number): number;
  /** The nearest place; ends stand for all beyond. */
  placeOf(value: number): number;
}

/** Sliders land on figures that can be typed into a command. */
export const rounded = (value: number): number => Number(value.toPrecision(3));

export function evenly(low: number, high: number, step: number): Scale {
  const steps = Math.round((high - low) / step);
  return {
    steps,
    valueAt: (place) => Number((low + place * step).toPrecision(12)),
    placeOf: (value) => within(Math.round((value - low) / step), steps),
  };
}

/** As many places for each tenfold. @param low above 0 */
export function tenfold(low: number, high: number, eachTenfold = 40): Scale {
  const steps = Math.round(Math.log10(high / low) * eachTenfold);
  return {
    steps,
    valueAt: (place) => rounded(low * 10 ** (place / eachTenfold)),
    placeOf: (value) => within(Math.round(Math.log10(Math.max(value, low) / low) * eachTenfold), steps),
  };
}

/** Place 0 is nothing at all, and the rest as they were. */
export function orNothing(scale: Scale): Scale {
  return {
    steps: scale.steps + 1,
    valueAt: (place) => (place === 0 ? 0 : scale.valueAt(place - 1)),
    placeOf: (value) => (value === 0 ? 0 : scale.placeOf(value) + 1),
  };
}

const within = (place: number, steps: number): number => Math.min(steps, Math.max(0, place));
