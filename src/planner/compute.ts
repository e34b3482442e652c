/** What the arithmetic of a head or tail takes: measured where the profile has this model and cut, else a roofline. */
import { sameFixed } from '../model/index.ts';
import { type Profile, rooflineMs } from '../profile/index.ts';
import { medianOnly, none, type Term, termOf } from './distribution.ts';
import type { CutFacts, ModelFacts } from './facts.ts';

export function computeOf(cut: CutFacts, side: 'head' | 'tail', model: ModelFacts, profile: Profile): Term {
  const nodes = cut[side];

  const measured = profile.models
    ?.find((m) => m.sha256 === model.sha256 && sameFixed(m.fixed, model.fixed))
    ?.cuts.find((c) => c.cut === cut.id);
  const figure = side === 'head' ? measured?.headMs : measured?.tailMs;
  if (figure) return termOf(figure);
  if (nodes.length === 0) return none;
  return medianOnly(rooflineMs(nodes, profile.compute!), 'modelled');
}
