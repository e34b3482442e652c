/** The same device and link, faster or slower: what a break-even is searched over. */
import type { Profile } from '../../profile/index.ts';
import type { Profiles } from '../price.ts';

/** Factors of speed; 1 is what the profiles say. */
export interface Pace {
  readonly device: number;
  readonly bandwidth: number;
}

type Valued = { readonly value: number };

/** Speeds grow with the factor, times shrink; powers, memory and the link's round trip stay. */
export function scaled(profiles: Profiles, { device, bandwidth }: Pace): Profiles {
  return { ...profiles, device: faster(profiles.device, device), link: wider(profiles.link, bandwidth) };
}

function faster(profile: Profile, factor: number): Profile {
  if (factor === 1) return profile;
  const { compute, encode, mechanism, models } = profile;
  const over = <T extends Valued>(figure: T): T => ({ ...figure, value: figure.value / factor });
  const by = <T extends Valued>(figure: T): T => ({ ...figure, value: figure.value * factor });
  return {
    ...profile,
    ...(compute && {
      compute: {
        ...compute,
        nodeOverheadMs: over(compute.nodeOverheadMs),
        callOverheadMs: over(compute.callOverheadMs),
        classes: mapped(compute.classes, (roof) => ({
          ...roof,
          bytesPerS: by(roof.bytesPerS),
          ...(roof.macsPerS && { macsPerS: by(roof.macsPerS) }),
        })),
      },
    }),
    ...(encode && { encode: mapped(encode, (speed) => speed && by(speed)) }),
    ...(mechanism && { mechanism: mapped(mechanism, by) }),
    ...(models && {
      models: models.map((model) => ({
        ...model,
        cuts: model.cuts.map((c) => ({
          ...c,
          ...(c.headMs && { headMs: over(c.headMs) }),
          ...(c.tailMs && { tailMs: over(c.tailMs) }),
        })),
      })),
    }),
  };
}

function wider(profile: Profile, factor: number): Profile {
  const { link } = profile;
  if (!link || factor === 1) return profile;
  const by = <T extends Valued>(figure: T): T => ({ ...figure, value: figure.value * factor });
  const { uplinkBps, downlinkBps } = link;
  return {
    ...profile,
    link: { ...link, uplinkBps: by(uplinkBps), ...(downlinkBps && { downlinkBps: by(downlinkBps) }) },
  };
}

function mapped<T extends object>(record: T, change: (value: NonNullable<T[keyof T]>) => T[keyof T]): T {
  return Object.fromEntries(Object.entries(record).map(([k, v]) => [k, v === undefined ? v : change(v)])) as T;
}
