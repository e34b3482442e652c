/** The same device and link, faster or slower: what a break-even is searched over. */
import type { Profile } from '../../profile/index.ts';
import type { Profiles } from '../price.ts';

/** Factors of speed; 1 is what the profiles say. */
export interface Pace {
  readonly device: number;
  readonly bandwidth: number;
}

/** Speeds grow with the factor, times shrink; powers, memory and the link's round trip stay. */
export function scaled(profiles: Profiles, { device, bandwidth }: Pace): Profiles {
  const link = profiles.link.link;
  return {
    ...profiles,
    device: device === 1 ? profiles.device : faster(profiles.device, device),
    ...(link &&
      bandwidth !== 1 && {
        link: {
          ...profiles.link,
          link: {
            ...link,
            uplinkBps: grown(link.uplinkBps, bandwidth),
            ...(link.downlinkBps && { downlinkBps: grown(link.downlinkBps, bandwidth) }),
          },
        },
      }),
  };
}

/** Everything that says how long the machine takes. */
function faster(profile: Profile, factor: number): Profile {
  const { compute, encode, mechanism, models, runtime } = profile;
  const own = { compute, encode, mechanism, models, runtime };
  const change = (figure: Figure) => {
    if (figure.unit.startsWith('ms')) return grown(figure, 1 / factor);
    return figure.unit.endsWith('/s') ? grown(figure, factor) : figure;
  };
  return { ...profile, ...(walked(own, change) as typeof own) } as Profile;
}

interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly spread?: Readonly<Record<string, number>> | undefined;
}

/** With its quantiles, all but how many were measured. */
function grown<F extends { readonly value: number; readonly spread?: object | undefined }>(
  figure: F,
  factor: number,
): F {
  const { spread } = figure;
  const quantiles = Object.entries(spread ?? {}).map(([k, v]) => [k, k === 'n' ? v : (v as number) * factor]);
  return { ...figure, value: figure.value * factor, ...(spread && { spread: Object.fromEntries(quantiles) }) };
}

const isFigure = (part: object): part is Figure => 'value' in part && 'unit' in part;

function walked(part: unknown, change: (figure: Figure) => Figure): unknown {
  if (Array.isArray(part)) return part.map((p) => walked(p, change));
  if (typeof part !== 'object' || part === null) return part;
  const below = Object.fromEntries(Object.entries(part).map(([k, v]) => [k, walked(v, change)]));
  return isFigure(below) ? change(below) : below;
}
