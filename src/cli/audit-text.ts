/** What an audit will do and how long that will take, in words, before it begins. */
import type { AuditOptions, Prepared } from '../privacy/audit/index.ts';
import { rangeText, spanText } from './duration.ts';

const many = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;

/** @param lanes candidates attacked at a time */
export function workText(
  cuts: number,
  {
    attacks,
    defenses,
    images,
    heldBack,
    observations,
    bisect,
  }: Pick<AuditOptions, 'attacks' | 'defenses' | 'images' | 'heldBack' | 'observations' | 'bisect'>,
  lanes: number,
): string {
  const beside = lanes > 1 ? `, ${lanes} cuts at a time` : '';
  const most = Math.max(1, ...(observations ?? []));
  const watched = most > 1 ? `, up to ${most} observations of a scene` : '';
  const confirming = heldBack ? ` and ${heldBack} to confirm with` : '';
  const few = bisect ? ' (by halves)' : '';
  return `${many(cuts, 'cut')}${few} × ${many(defenses.length, 'defense')} × ${attacks.join(', ')}, on ${many(images, 'victim')}${confirming}${watched}${beside}`;
}

/** One sentence a line. */
export function planText({ options, expectedSeconds, probeSeconds, fits }: Prepared): string[] {
  const { note } = options;
  const time = `this will take ${rangeText(expectedSeconds)}, as measured here in ${spanText(probeSeconds)}`;
  if (!note) return [time];
  const { allowedSeconds, said } = note;
  const why =
    allowedSeconds === null
      ? 'All of it would take many hours: this is what fits into half an hour on two cores. --budget all does everything.'
      : `This is what fits into ${spanText(allowedSeconds)}.`;
  return [
    ...(said.length > 0 ? [why, ...said] : []),
    time,
    ...(fits ? [] : ['even that is more than was allowed: what the time does not reach stays unaudited']),
  ];
}
