/**
 * What of a mechanism costs time, by kind: each kind has a mechanism by which a device measures it, and those of a plan are found in
 * its spec. Exact noise, which claims a guarantee, is another kind than plain floats.
 */
import { type Place, parseSpec, type StageSpec } from './spec.ts';

/** A kind without a line here is not measured, and planners model it. */
export const timedSpecs: Readonly<Record<string, string>> = {
  clip: 'clip(l2=1)',
  gauss: 'gauss(sd=1)',
  laplace: 'laplace(scale=1)',
  'exact-gauss': 'clip(l2=1)+gauss(eps=8,delta=1e-5)',
  'exact-laplace': 'clip(linf=1)+laplace(eps=8)',
  dropout: 'dropout(rate=0.5)',
  topk: 'topk(share=0.1)',
  quant: 'quant(bits=4)',
  blur: 'input.blur(sigma=1.5)',
  downscale: 'input.downscale(by=2)',
};

export interface TimedStage {
  readonly kind: string;
  readonly place: Place;
}

/** In the order in which they act. @throws CutlineError DEFENSE_SPEC when it does not parse */
export const timedStages = (spec: string): TimedStage[] =>
  parseSpec(spec).map((stage) => ({ kind: kindOf(stage), place: stage.place }));

const kindOf = ({ name, args }: StageSpec): string => (args.some((a) => a.key === 'eps') ? `exact-${name}` : name);
