/**
 * Makes what a spec leaves open a number, once, on pictures of the training split: audits, plans and devices then all see
 * the same fixed mechanism.
 */

import { CutlineError } from '../../errors.ts';
import type { Tensors } from '../../model/tensor.ts';
import { meanSquareOf } from '../../numeric/index.ts';
import { Args } from './args.ts';
import { leastWidth } from './leak-target.ts';
import { compileMechanism, type Draws, type Layout, type Mechanism, release } from './mechanism.ts';
import { type Argument, formatSpec, numberValue, parseSpec, type Spec, type StageSpec } from './spec.ts';
import type { Target } from './stage.ts';
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
  /** Mean SSIM of what cheap attacks make of pictures behind a mechanism; `answer`: of the answer alone, without any. */
  leakage(behind: { readonly mechanism: string } | 'answer'): Promise<number>;
  /** Root mean squares and widths that were measured before, by what stands before the stage: they hang on nothing else. */
  readonly known: Map<string, number>;
}

/** Does the spec leave nothing open? */
export function isResolved(spec: Spec): boolean {
  return !spec.some(isOpen);
}

const kindOf = ({ name }: StageSpec) => stageKinds.find((k) => k.name === name);
const targetOf = (stage: StageSpec, { key }: Argument): Target | undefined => {
  const targets = kindOf(stage)?.targets;
  return targets && Object.hasOwn(targets, key) ? targets[key] : undefined;
};

const isOpen = (stage: StageSpec): boolean =>
  stage.args.some((a) => a.value.kind === 'relative' || targetOf(stage, a) !== undefined);

/** Everything that can be checked without pictures and shapes. @throws CutlineError DEFENSE_SPEC */
export function checkSpec(text: string): void {
  supposed(text);
}

/** The mechanism as if what the spec leaves open were some number: its stages are those that will act. @throws CutlineError DEFENSE_SPEC */
export function supposed(text: string): Mechanism {
  const spec = parseSpec(text);
  if (isResolved(spec)) return compileMechanism(text);
  for (const stage of spec) checkTargets(stage, text);
  const some = spec.map((stage) => ({
    ...stage,
    args: stage.args.map((a): Argument => {
      const target = targetOf(stage, a);
      if (target) return { ...a, key: target.becomes, value: numberValue(1) };
      return a.value.kind === 'relative' ? { ...a, value: numberValue(a.value.value) } : a;
    }),
  }));
  return compileMechanism(some, undefined, text);
}

/** A target is a number in range, and stands alone. */
function checkTargets(stage: StageSpec, text: string): void {
  const target = stage.args.find((a) => targetOf(stage, a));
  if (!target) return;
  const args = new Args(stage, text, kindOf(stage)!.usage);
  args.number(target.key, targetOf(stage, target)!.range);
  args.done();
}

/**
 * @returns the canonical text, without anything open
 * @throws CutlineError DEFENSE_SPEC, DEFENSE_TARGET
 */
export async function resolveSpec(text: string, samples: Samples): Promise<string> {
  const spec = parseSpec(text);
  if (isResolved(spec)) return compileMechanism(text, samples.layout).spec;
  checkSpec(text);
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
  const resolved = await kindOf(stage)?.resolve?.(args, {
    meanSquaredGain: () => samples.meanSquaredGain(stage.place),
    leastWidth: (target, written) => widthFor(target, written, stage, before, samples),
  });
  return resolved ?? args;
}

/** @throws CutlineError DEFENSE_TARGET */
async function widthFor(
  target: number,
  written: (width: number) => readonly Argument[],
  stage: StageSpec,
  before: Spec,
  samples: Samples,
): Promise<number> {
  const at = (width: number) => formatSpec([...before, { ...stage, args: written(width) }]);
  const key = `${formatSpec([...before, stage])} ${stage.place}`;
  const known = samples.known.get(key);
  if (known !== undefined) return known;
  const refused = (problem: string) => new CutlineError('DEFENSE_TARGET', { spec: formatSpec([stage]), problem });
  const floor = await samples.leakage('answer');
  // Noise that hides more than the answer shows has destroyed the answer.
  if (target < floor)
    throw refused(`the answer alone gives away SSIM ${floor.toFixed(2)}, and whoever serves it leaks as much`);
  const rms = await rmsOf(stage, before, samples);
  const found = await leastWidth(rms, target, (width) => samples.leakage({ mechanism: at(width) }));
  if (found === undefined) throw refused('attacks find more behind thirty times as much noise as there is signal');
  samples.known.set(key, found);
  return found;
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
