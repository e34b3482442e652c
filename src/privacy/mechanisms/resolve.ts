/**
 * Makes what a spec leaves open a number, once, on pictures of the training split: audits, plans and devices then all see
 * the same fixed mechanism.
 */

import type { Tensors } from '../../model/tensor.ts';
import { meanSquareOf } from '../../numeric/index.ts';
import { compileMechanism, type Draws, type Layout, release } from './mechanism.ts';
import { type Argument, formatSpec, parseSpec, type Spec, type StageSpec } from './spec.ts';
import { stageKinds } from './stages/index.ts';

/** Pictures on which open parameters are measured, and what the head makes of them. */
export interface Samples {
  readonly layout: Layout;
  /** The network's input, [n, …]. */
  readonly input: Tensors;
  /** Runs the head on inputs like these. */
  head(input: Tensors): Promise<Tensors>;
  /** E tr(JᵀJ) / d of the head, or 1 for the input itself. */
  meanSquaredGain(place: StageSpec['place']): Promise<number>;
  readonly draws: Draws;
  /** Root mean squares that were measured before, by what stands before the stage: they hang on nothing else. */
  readonly known: Map<string, number>;
}

/** Does the spec leave nothing open? */
export function isResolved(spec: Spec): boolean {
  return !spec.some(isOpen);
}

const isOpen = (stage: StageSpec): boolean => stage.args.some((a) => a.value.kind === 'relative' || a.key === 'dfil');

/** Everything that can be checked without pictures and shapes. @throws CutlineError DEFENSE_SPEC */
export function checkSpec(text: string): void {
  const spec = parseSpec(text);
  if (isResolved(spec)) {
    compileMechanism(text);
    return;
  }
  const supposed = spec.map((stage) => ({
    ...stage,
    args: stage.args.map((a) => ({
      ...a,
      key: a.key === 'dfil' ? 'sd' : a.key,
      value: a.value.kind === 'relative' ? ({ kind: 'number', value: a.value.value } as const) : a.value,
    })),
  }));
  compileMechanism(supposed, undefined, text);
}

/**
 * @returns the canonical text, without anything open
 * @throws CutlineError DEFENSE_SPEC
 */
export async function resolveSpec(text: string, samples: Samples): Promise<string> {
  const spec = parseSpec(text);
  if (isResolved(spec)) return compileMechanism(text, samples.layout).spec;
  const done: StageSpec[] = [];
  for (const stage of spec) {
    const args = isOpen(stage) ? await closed(stage, done, samples) : stage.args;
    done.push({ ...stage, args });
  }
  return compileMechanism(formatSpec(done), samples.layout).spec;
}

async function closed(stage: StageSpec, before: Spec, samples: Samples): Promise<readonly Argument[]> {
  const relative = stage.args.some((a) => a.value.kind === 'relative');
  const rms = relative ? await rmsOf(stage, before, samples) : Number.NaN;
  const args = stage.args.map((a): Argument => {
    if (a.value.kind !== 'relative') return a;
    // Four digits: no finer than the calibration, and the spec stays readable.
    return { ...a, value: { kind: 'number', value: Number((a.value.value * rms).toPrecision(4)) } };
  });
  const kind = stageKinds.find((k) => k.name === stage.name);
  const resolved = await kind?.resolve?.(args, { meanSquaredGain: () => samples.meanSquaredGain(stage.place) });
  return resolved ?? args;
}

async function rmsOf(stage: StageSpec, before: Spec, samples: Samples): Promise<number> {
  const key = `${formatSpec(before)} ${stage.place}`;
  const known = samples.known.get(key) ?? rootMeanSquare(await entering(stage, before, samples));
  samples.known.set(key, known);
  return known;
}

/** What enters a stage: the pictures or what the head makes of them, released by the stages before it. */
async function entering(stage: StageSpec, before: Spec, samples: Samples): Promise<Tensors> {
  const mechanism = compileMechanism(formatSpec(before), samples.layout);
  const input = release(mechanism, 'input', samples.input, samples.draws);
  if (stage.place === 'input') return input;
  return release(mechanism, 'activation', await samples.head(input), samples.draws);
}

/** Over all elements of all tensors; 0 where there are none. */
export function rootMeanSquare(tensors: Tensors): number {
  const parts = Object.values(tensors).map(({ data }) => data);
  return Math.sqrt(meanSquareOf(...parts.filter((data) => data instanceof Float32Array)));
}
