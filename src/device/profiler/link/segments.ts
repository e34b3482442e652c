/** TCP segments that this machine sent, and sent again, since it was started: what MQTT hides of a link's loss. */
import { readFile } from 'node:fs/promises';

export interface Segments {
  readonly sent: number;
  readonly again: number;
}

/** From Linux' /proc/net/snmp (RFC 1213 tcpOutSegs, tcpRetransSegs); undefined elsewhere. */
export async function countSegments(path = '/proc/net/snmp'): Promise<Segments | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.trim().split(/\s+/));
  const of = (name: string) => Number(values?.[names?.indexOf(name) ?? -1]);
  const counts = { sent: of('OutSegs'), again: of('RetransSegs') };
  return Number.isFinite(counts.sent) && Number.isFinite(counts.again) ? counts : undefined;
}

/** Share of segments sent again between two looks; undefined where nothing was sent or a counter began anew. */
export function lossBetween(before: Segments | undefined, after: Segments | undefined): number | undefined {
  if (!before || !after) return undefined;
  const again = after.again - before.again;
  // RFC 1213: OutSegs leaves out those that are sent again.
  const sent = after.sent - before.sent + again;
  return sent > 0 && again >= 0 ? again / sent : undefined;
}
