/**
 * The ways in which somebody who knows a mechanism can look at what it sends, when he descends. Each is an approximation, and
 * which is the best hangs on network and strength: attacks try them on pictures of their own. The last is that of somebody
 * who knows of no mechanism, so that knowing it is never worse.
 */
import type { Likelihood } from './likelihood.ts';
import type { Mechanism } from './mechanism.ts';
import type { View } from './view.ts';

export interface Look {
  /** For people. */
  readonly name: 'law' | 'mean over draws' | 'slack' | 'straight through' | 'unaware';
  /**
   * What stands for the head: with what the mechanism does without randomness; the same without what has a slack; the mean
   * over draws of the noise on the picture; or the head alone. A head that rounds itself does so in none of them but in `straight`, which
   * is `relaxed` otherwise.
   */
  readonly head: 'relaxed' | 'open' | 'expected' | 'straight' | 'bare';
  readonly likelihood: Likelihood;
}

export function looksOf({ mechanism, likelihood }: Pick<View, 'mechanism' | 'likelihood'>): readonly Look[] {
  const { stages } = mechanism;
  const looks: Look[] = [{ name: 'law', head: 'relaxed', likelihood }];
  if (stages.length === 0) return looks;
  if (stages.some((s) => s.place === 'input' && s.stage.law.kind !== 'deterministic'))
    looks.push({ name: 'mean over draws', head: 'expected', likelihood });
  const within = slackOf(mechanism);
  if (within) looks.push({ name: 'slack', head: 'open', likelihood: within });
  return [...looks, { name: 'unaware', head: 'bare', likelihood: { kind: 'squares', standardDeviation: 0 } }];
}

/** Only of what rounds last, and where nothing random hides what it rounded. */
function slackOf({ stages }: Mechanism): Likelihood | undefined {
  const sent = stages.filter((s) => s.place === 'activation').map((s) => s.stage);
  const rounding = sent.filter((stage) => stage.slack);
  const [last] = rounding;
  if (!last || rounding.length > 1 || last !== sent.at(-1)) return undefined;
  if (sent.some((stage) => stage.law.kind !== 'deterministic')) return undefined;
  return { kind: 'within', slack: (b, seen) => last.slack!(b, seen) };
}
