/** What the arithmetic of a head or tail takes: measured where the profile has this model and cut, else a roofline. */
import { sameFixed } from '../model/index.ts';
import { type Profile, rooflineMs } from '../profile/index.ts';
import { medianOnly, none, type Term, termOf } from './distribution.ts';
import type { CutFacts, ModelFacts } from './facts.ts';

/** Every defense and codec of a cut asks for the same again. */
const held = new WeakMap<Profile, WeakMap<CutFacts, { head?: Term; tail?: Term }>>();

export function computeOf(cut: CutFacts, side: 'head' | 'tail', model: ModelFacts, profile: Profile): Term {
  const ofProfile = held.get(profile) ?? new WeakMap<CutFacts, { head?: Term; tail?: Term }>();
  held.set(profile, ofProfile);
  const known = ofProfile.get(cut) ?? {};
  ofProfile.set(cut, known);
  known[side] ??= reckoned(cut, side, model, profile);
  return known[side];
}

function reckoned(cut: CutFacts, side: 'head' | 'tail', model: ModelFacts, profile: Profile): Term {
  const nodes = cut[side];

  const measured = profile.models
    ?.find((m) => m.sha256 === model.sha256 && sameFixed(m.fixed, model.fixed))
    ?.cuts.find((c) => c.cut === cut.id);
  const figure = side === 'head' ? measured?.headMs : measured?.tailMs;
  if (figure) return termOf(figure);
  if (nodes.length === 0) return none;
  return medianOnly(rooflineMs(nodes, profile.compute!), 'modelled');
}
