/** What a code is to stand for: one activation that everything behind it hangs on. */
import { CutlineError } from '../../errors.ts';
import { namesOf, type Split } from '../../model/index.ts';

/** Names that the network must not have, since a code bears them. */
const isOwn = (name: string) => /^(code|(code|adversary)\..*|harden:.*)$/.test(name);

/**
 * @returns its shape, without the batch
 * @throws CutlineError CODE_CUT
 */
export function activationAt(cut: string, { head, tail }: Split): readonly number[] {
  const refuse = (problem: string): never => {
    throw new CutlineError('CODE_CUT', { cut, problem });
  };
  const [tensor, ...others] = head.outputs;
  if (!tensor || others.length > 0) refuse(`${head.outputs.length} tensors are sent there, and a code stands for one`);
  if (tensor!.dtype !== 'float32') refuse(`${tensor!.name} is ${tensor!.dtype}, and a code stands for float32`);
  const shape = tensor!.shape.slice(1);
  if (shape.length === 0 || !shape.every((d): d is number => typeof d === 'number' && d > 0))
    refuse(`${tensor!.name} has the shape [${tensor!.shape}]`);
  if (tail.inputs.length !== 1) refuse('the rest of the network reads other inputs as well');
  if (tail.outputs.some((v) => v.name === tensor!.name)) refuse(`${tensor!.name} is itself an output of the model`);
  if (tail.nodes.length === 0) refuse('nothing of the network is left behind it');
  const taken = [...namesOf(head), ...namesOf(tail)].find(isOwn);
  if (taken !== undefined)
    refuse(
      `the model has something called ${taken} already, as a code and its parts are called; take the model as it was before it had a code, or rename it`,
    );
  return shape as number[];
}
