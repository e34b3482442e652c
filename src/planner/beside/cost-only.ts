/**
 * What a planner that looks at costs alone would have done (Neurosurgeon, Kang et al. 2017: the cut of least latency, whatever it
 * shows): `--objective latency --max-ssim 1`, with every other requirement of cost and accuracy as it was asked for.
 */
import type { Candidate, Thresholds } from '../../plan/index.ts';
import type { Findings } from '../leakage.ts';
import { labelOf, type PricedOption, type Search, weigh } from '../weigh.ts';

export interface CostOnly {
  /** Null where costs alone are more than is asked for. Its leakage is what is known; null: nobody attacked it. */
  readonly candidate: Candidate | null;
  /** What the choice costs more than it; null where nothing was chosen, or an energy is unknown. */
  readonly privacyCosts: { readonly latencyMs: number; readonly energyMj: number | null } | null;
  readonly sentence: string;
}

/** What is asked for the sake of privacy is left out; it still answers as the model does. */
function costsAlone({
  maxGain: _g,
  maxBits: _b,
  maxFloats: _f,
  requireMixing: _m,
  minDepth: _d,
  at: _a,
  ...rest
}: Thresholds): Thresholds {
  const { weights: _w, ...asked } = rest;
  return { ...asked, objective: 'latency', maxSsim: 1 };
}

/** @param priced every candidate */
export function costOnly(
  input: Search,
  priced: readonly PricedOption[],
  chosen: Candidate | undefined,
  findings: Findings,
): CostOnly {
  const asked: Search = { ...input, thresholds: costsAlone(input.thresholds) };
  let best: PricedOption | undefined;
  for (const entry of priced) {
    if (entry.option.defense !== 'none') continue;
    if (best && entry.cost.latencyMs.total >= best.cost.latencyMs.total) continue;
    // What attacks find is none of its business.
    const { breaches } = weigh(asked, entry, findings);
    if (breaches.every((b) => b.unaudited || b.leaks)) best = entry;
  }
  if (!best) return { candidate: null, privacyCosts: null, sentence: 'Costs alone already exclude every candidate.' };
  // As it stands by what was asked for.
  const { candidate } = weigh(input, best, findings);
  const privacyCosts = chosen
    ? {
        latencyMs: chosen.latencyMs.total - candidate.latencyMs.total,
        energyMj: chosen.energyMj === null || candidate.energyMj === null ? null : chosen.energyMj - candidate.energyMj,
      }
    : null;
  return { candidate, privacyCosts, sentence: sentenceOf(candidate, privacyCosts, input.thresholds) };
}

function sentenceOf(c: Candidate, costs: CostOnly['privacyCosts'], { maxSsim }: Thresholds): string {
  const would = `By cost alone: ${labelOf(c)}, ${figure(c.latencyMs.total)} ms`;
  const shows =
    c.cut === 'output'
      ? 'nothing leaves the device there'
      : c.leakage
        ? c.leakage.attack === 'reading'
          ? 'the cloud sees the picture itself there'
          : `attacks recover the picture there up to SSIM ${figure(c.leakage.ssim.high)} (at most ${figure(maxSsim)} is asked for)`
        : `what leaks there was not measured (cutline audit --at ${c.cut})`;
  if (!costs) return `${would}; ${shows}.`;
  const energy = costs.energyMj === null ? 'an unknown amount of energy' : `${signed(costs.energyMj)} mJ`;
  return `${would}; ${shows}. Privacy costs ${signed(costs.latencyMs)} ms and ${energy} an inference.`;
}

const figure = (value: number): string => String(Number(value.toPrecision(3)));
/** Nothing is a price as well. */
const signed = (value: number): string => `${value < 0 ? '−' : ''}${figure(Math.abs(value))}`;
