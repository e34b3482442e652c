/** What a session is given, held against what it takes: the runtimes' own messages are obscure, and some mistakes crash them. */
import { CutlineError } from '../../errors.ts';
import type { ValueInfo } from '../../model/graph.ts';
import { sizeOf, type Tensor, type Tensors } from '../../model/tensor.ts';
import { own } from '../../own.ts';

/** @throws CutlineError ENGINE_RUN when an input is missing or does not fit, or when there is no such input */
export function checkFeeds(feeds: Tensors, inputs: readonly ValueInfo[]): void {
  for (const input of inputs) {
    const t = own(feeds, input.name);
    if (t) checkFeed(input, t);
    // An optional may be left out; what cannot be left out either, the runtime says.
    else if (input.unknown !== 'opaque') refuse(`input ${input.name} is missing`);
  }
  const unknown = unlisted(Object.keys(feeds), inputs);
  if (unknown !== undefined) refuse(`there is no input ${unknown}; inputs: ${namesOf(inputs)}`);
}

/** @throws CutlineError ENGINE_RUN */
export function checkOutputs(wanted: readonly string[], outputs: readonly ValueInfo[]): void {
  const missing = unlisted(wanted, outputs);
  if (missing !== undefined) refuse(`there is no output ${missing}; outputs: ${namesOf(outputs)}`);
}

/** @throws CutlineError ENGINE_RUN */
export function checkCarry(inputs: readonly string[], fed: readonly ValueInfo[]): void {
  const nowhere = unlisted(inputs, fed);
  if (nowhere !== undefined) refuse(`cannot carry into ${nowhere}: no such input`);
}

function checkFeed({ name, dtype, shape, unknown }: ValueInfo, t: Tensor): void {
  if (unknown === 'opaque') refuse(`input ${name} takes no plain tensor`);
  if (t.dtype !== dtype) refuse(`input ${name} is ${dtype}, not ${t.dtype}`);
  // Runtimes tell an unknown rank as a scalar's.
  const open = unknown !== undefined || shape.length === 0;
  const fits = t.shape.length === shape.length && shape.every((d, i) => typeof d === 'string' || d === t.shape[i]);
  if (!fits && !open) refuse(`input ${name} has shape [${shape}], not [${t.shape}]`);
  if (t.data.length !== sizeOf(t.shape)) refuse(`input ${name}: ${t.data.length} values for shape [${t.shape}]`);
}

const unlisted = (names: readonly string[], values: readonly ValueInfo[]): string | undefined =>
  names.find((name) => !values.some((v) => v.name === name));

const namesOf = (values: readonly ValueInfo[]): string => values.map((v) => v.name).join(', ');

export function refuse(problem: string): never {
  throw new CutlineError('ENGINE_RUN', { problem });
}
