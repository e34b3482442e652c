/**
 * Makes what a spec leaves open a number, once, on pictures of the training split: audits, plans and devices then all see
 * the same fixed mechanism.
 */
import type { Tensors } from '../../model/tensor.ts';
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
}

/** Does the spec leave nothing open? */
export function isResolved(spec: Spec): boolean {
  return !spec.some(isOpen);
}

const isOpen = (stage: StageSpec): boolean => stage.args.some((a) => a.value.kind === 'relative' || a.key === 'dfil');

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
  const rms = relative ? rootMeanSquare(await entering(stage, before, samples)) : Number.NaN;
  const args = stage.args.map((a): Argument => {
    if (a.value.kind !== 'relative') return a;
    // Four digits: no finer than the calibration, and the spec stays readable.
    return { ...a, value: { kind: 'number', value: Number((a.value.value * rms).toPrecision(4)) } };
  });
  const kind = stageKinds.find((k) => k.name === stage.name);
  const resolved = await kind?.resolve?.(args, { meanSquaredGain: () => samples.meanSquaredGain(stage.place) });
  return resolved ?? args;
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
  let squares = 0;
  let elements = 0;
  for (const { data } of Object.values(tensors)) {
    if (!(data instanceof Float32Array)) continue;
    for (const v of data) squares += v * v;
    elements += data.length;
  }
  return elements > 0 ? Math.sqrt(squares / elements) : 0;
}
