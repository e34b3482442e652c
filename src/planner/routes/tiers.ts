/** Tiers and links as a file, `cutline.tiers/1`: where the network may run, and how the places are joined. */
import { z } from 'zod';
import { CutlineError } from '../../errors.ts';
import type { Profile } from '../../profile/index.ts';
import { readDocument } from '../../validate.ts';

const name = z.string().min(1).max(100);

const tiersSchema = z.strictObject({
  format: z.literal('cutline.tiers/1'),
  tiers: z
    .array(
      z.strictObject({
        name,
        /** A file or a shipped name. */
        profile: name,
        /** It may see everything; what is sent to one that is not is attacked. */
        trusted: z.boolean(),
      }),
    )
    .min(1)
    .max(16),
  links: z
    .array(
      z.strictObject({
        from: name,
        to: name,
        /** Its uplink goes from `from` to `to`, its downlink back. */
        profile: name,
        /** Default: both ways. */
        oneWay: z.boolean().optional(),
      }),
    )
    .max(64),
  /** Where the picture is; default the first tier. */
  source: name.optional(),
  /** Where the answer is wanted; default where the picture is. */
  answer: name.optional(),
  mostHops: z.int().min(0).max(8).default(4),
});

export interface TiersFile extends z.infer<typeof tiersSchema> {
  readonly source: string;
  readonly answer: string;
}

/** @throws CutlineError FILE_NOT_FOUND, TIERS_INVALID, ROUTE_TIER_UNKNOWN */
export async function readTiers(path: string): Promise<TiersFile> {
  const file = await readDocument(path, tiersSchema, { code: 'TIERS_INVALID' });
  const names = file.tiers.map((t) => t.name);
  const twice = names.find((n, i) => names.indexOf(n) < i);
  if (twice !== undefined) throw new CutlineError('TIERS_INVALID', { path, problem: `two tiers named ${twice}` });
  const known = (where: string, tier: string) => {
    if (names.includes(tier)) return;
    throw new CutlineError('ROUTE_TIER_UNKNOWN', { path, where, tier, known: names.join(', ') });
  };
  const pairs = new Set<string>();
  for (const { from, to, oneWay } of file.links) {
    known(`link ${from} to ${to}`, from);
    known(`link ${from} to ${to}`, to);
    if (from === to) throw new CutlineError('TIERS_INVALID', { path, problem: `a link from ${from} to itself` });
    for (const pair of oneWay
      ? [[from, to]]
      : [
          [from, to],
          [to, from],
        ]) {
      const key = JSON.stringify(pair);
      if (pairs.has(key))
        throw new CutlineError('TIERS_INVALID', { path, problem: `two links from ${pair[0]} to ${pair[1]}` });
      pairs.add(key);
    }
  }
  const source = file.source ?? names[0]!;
  const answer = file.answer ?? source;
  known('source', source);
  known('answer', answer);
  return { ...file, source, answer };
}

/** Tiers with their profiles, by number. */
export interface Tiers {
  readonly list: readonly { readonly name: string; readonly trusted: boolean; readonly profile: Profile }[];
  /** The link from one to another, its uplink in that direction; undefined where there is none. */
  readonly link: (from: number, to: number) => Profile | undefined;
  readonly source: number;
  readonly goal: number;
  readonly mostHops: number;
}

/** @throws CutlineError PROFILE_UNKNOWN and what reading profiles throws, PROFILE_LACKS */
export async function openTiers(file: TiersFile, read: (name: string) => Promise<Profile>): Promise<Tiers> {
  const list = await Promise.all(file.tiers.map(async (t) => ({ ...t, profile: await read(t.profile) })));
  for (const { profile } of list) if (!profile.compute) throw lacks(profile, 'speeds (compute)');
  const at = (tier: string) => list.findIndex((t) => t.name === tier);
  const links = new Map<string, Profile>();
  for (const { from, to, profile: name, oneWay } of file.links) {
    const profile = await read(name);
    if (!profile.link) throw lacks(profile, 'a link');
    links.set(`${at(from)} ${at(to)}`, profile);
    if (!oneWay) links.set(`${at(to)} ${at(from)}`, reversed(profile));
  }
  return {
    list,
    link: (from, to) => links.get(`${from} ${to}`),
    source: at(file.source),
    goal: at(file.answer),
    mostHops: file.mostHops,
  };
}

/** From the other end. The radio is that of the end that the profile was measured at. */
function reversed(profile: Profile): Profile {
  const link = profile.link!;
  const { radio: _, ...rest } = link;
  return {
    ...profile,
    link: { ...rest, uplinkBps: link.downlinkBps ?? link.uplinkBps, downlinkBps: link.uplinkBps },
  };
}

const lacks = ({ name }: Profile, what: string): CutlineError =>
  new CutlineError('PROFILE_LACKS', { name, what, remedy: 'Measure it: cutline profile --out FILE, on that machine.' });
