/** Names: a code's own, which the network must not have, and the network's, which a code must not take. */
import { CutlineError } from '../../errors.ts';
import { namesOf, type Split } from '../../model/index.ts';

const isOwn = (name: string) => /^(code|(code|adversary)\..*|harden:.*)$/.test(name);

/** @throws CutlineError CODE_CUT where the network has a tensor or node that is called as those of a code are */
export function requireOwnNames(cut: string, { head, tail }: Split): void {
  const taken = [...namesOf(head), ...namesOf(tail)].find(isOwn);
  if (taken === undefined) return;
  const problem = `the model has something called ${taken} already, as a code and its parts are called; take the model as it was before it had a code, or rename it`;
  throw new CutlineError('CODE_CUT', { cut, problem });
}
