/** A mechanism ready to act: its stages, made for the shapes of one cut. */
import { CutlineError } from '../../errors.ts';
import { float32, sizeOf, type Tensor, type Tensors } from '../../model/tensor.ts';
import { Args } from './args.ts';
import type { NoiseSource } from './noise.ts';
import { formatSpec, type Place, parseSpec, type Spec, type StageSpec, specError } from './spec.ts';
import type { Before, Bound, Guarantee, Stage } from './stage.ts';
import { stageKinds } from './stages/index.ts';

/** Shapes of one picture's tensors, without the batch. */
export interface Layout {
  readonly input: readonly number[];
  readonly activation: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export interface PlacedStage {
  readonly place: Place;
  readonly stage: Stage;
}

export interface Mechanism {
  /** In its one canonical form: equal mechanisms have equal specs. */
  readonly spec: string;
  readonly stages: readonly PlacedStage[];
  /** Of the whole, for one release. */
  readonly guarantee: Exclude<Guarantee, { readonly kind: 'bits' }>;
  /** Bits of one release that tell of the picture, by the activation's stages; null where none of them makes it discrete. */
  readonly bitsCap: number | null;
  /**
   * Elements at the beginning of each tensor that are sent, where those are as the head made them and all others are 0; undefined where
   * a stage makes other values of them.
   */
  readonly kept: readonly number[] | undefined;
}

/** Where noise comes from: one source for all rows, or one for each. */
export type Draws = NoiseSource | ((row: number) => NoiseSource);

/**
 * @param spec without open parameters (`0.5x`, dfil=…): `resolveSpec` makes them numbers
 * @param layout of the cut; without it the spec is only checked, and widths that hang on the number of elements are not final
 * @param shown in errors, where the text is another
 * @throws CutlineError DEFENSE_SPEC
 */
export function compileMechanism(spec: string | Spec, layout?: Layout, shown?: string): Mechanism {
  const parsed = typeof spec === 'string' ? parseSpec(spec) : spec;
  const text = shown ?? (typeof spec === 'string' ? spec : formatSpec(spec));
  const stages: PlacedStage[] = [];
  let bound: Bound | undefined;
  let guarantee: Mechanism['guarantee'] = { kind: 'none' };
  let bitsCap: number | null = null;
  let made = false;
  let kept = sizesAt(layout, 'activation');
  for (const [i, one] of parsed.entries()) {
    // The head stands between the two places, and keeps no bound.
    if (i > 0 && one.place !== parsed[i - 1]!.place) bound = undefined;
    const shapes = shapesAt(layout, one.place);
    const before: Before = {
      bound,
      elements: layout ? shapes.reduce((n, shape) => n + sizeOf(shape), 0) : 1,
      shapes,
      kept: one.place === 'activation' ? kept : sizesAt(layout, one.place),
    };
    const stage = stageOf(one, text, before);
    stages.push({ place: one.place, stage });
    const own = stage.guarantee(before);
    // What follows a guarantee only sees what was released, and keeps it; of two the later one is told.
    if (own.kind === 'dp') guarantee = own;
    bound = stage.bound(before);
    if (one.place !== 'activation') continue;
    if (own.kind === 'bits' && layout) bitsCap = Math.min(own.bits, bitsCap ?? own.bits);
    if (stage.keeps) kept = kept.map((n, t) => Math.min(n, stage.keeps!(shapes[t]!)));
    else made = true;
  }
  const canonical = stages
    .map(({ place, stage }) => (place === 'input' ? `input.${stage.text}` : stage.text))
    .join('+');
  return { spec: canonical || 'none', stages, guarantee, bitsCap, kept: made ? undefined : kept };
}

function stageOf(one: StageSpec, text: string, before: Before): Stage {
  const kind = stageKinds.find((k) => k.name === one.name);
  if (!kind) throw specError(text, one.at, `one of ${stageKinds.map((k) => k.name).join(', ')}`);
  if (!kind.places.includes(one.place)) throw specError(text, one.at, kind.usage);
  return kind.make(new Args(one, text, kind.usage), before);
}

function shapesAt(layout: Layout | undefined, place: Place): Before['shapes'] {
  if (!layout) return [];
  return place === 'input' ? [layout.input] : layout.activation.map((t) => t.shape);
}

const sizesAt = (layout: Layout | undefined, place: Place): number[] => shapesAt(layout, place).map(sizeOf);

/** Does it change what is there? */
export const hasStages = (mechanism: Mechanism, place: Place): boolean =>
  mechanism.stages.some((s) => s.place === place);

export const isRandom = (mechanism: Mechanism): boolean =>
  mechanism.stages.some((s) => s.stage.law.kind !== 'deterministic');

/**
 * One release of every row. Rows are treated alike, however many there are.
 * @param tensors each [n, …], float32; on the input, the network's input alone
 * @returns new tensors, or the same where there is nothing to do
 * @throws CutlineError DEFENSE_DTYPE for a tensor that is not float32
 */
export function release(mechanism: Mechanism, place: Place, tensors: Tensors, draws: Draws): Tensors {
  const stages = mechanism.stages.filter((s) => s.place === place);
  if (stages.length === 0) return tensors;
  const entries = Object.entries(tensors);
  const copies = entries.map(([name, t]): [string, Tensor] => {
    if (!(t.data instanceof Float32Array)) throw new CutlineError('DEFENSE_DTYPE', { dtype: t.dtype });
    return [name, float32(Float32Array.from(t.data), t.shape)];
  });
  const count = copies[0]![1].shape[0]!;
  for (let i = 0; i < count; i++) {
    const noise = typeof draws === 'function' ? draws(i) : draws;
    const row = copies.map(([name, t]) => {
      const size = t.data.length / count;
      return { name, shape: t.shape.slice(1), data: (t.data as Float32Array).subarray(i * size, (i + 1) * size) };
    });
    for (const { stage } of stages) stage.release(row, noise);
  }
  return Object.fromEntries(copies);
}
