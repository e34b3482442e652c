/**
 * What of a mechanism costs time, by kind: each kind has a mechanism by which a device measures it, and those of a plan are found in
 * its spec. Exact noise, which claims a guarantee, is another kind than plain floats.
 */
import { type Place, parseSpec, type StageSpec } from './spec.ts';

/** Each ends in the kind that it times; what has no line here is not measured, and planners model it. */
export const timedSpecs: readonly string[] = [
  'clip(l2=1)',
  'gauss(sd=1)',
  'laplace(scale=1)',
  'clip(l2=1)+gauss(eps=8,delta=1e-5)',
  'clip(linf=1)+laplace(eps=8)',
  'dropout(rate=0.5)',
  'topk(share=0.1)',
  'quant(bits=4)',
  'prefix(channels=1)',
  'input.blur(sigma=1.5)',
  'input.downscale(by=2)',
];

export interface TimedStage {
  readonly kind: string;
  readonly place: Place;
}

/** In the order in which they act. @throws CutlineError DEFENSE_SPEC when it does not parse */
export const timedStages = (spec: string): TimedStage[] =>
  parseSpec(spec).map((stage) => ({ kind: kindOf(stage), place: stage.place }));

const kindOf = ({ name, args }: StageSpec): string => (args.some((a) => a.key === 'eps') ? `exact-${name}` : name);
