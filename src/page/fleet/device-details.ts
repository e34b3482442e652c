/** All that a device says of itself. */
import { ago, type DeviceView } from '../../fleet/index.ts';
import { bytes } from '../../report/index.ts';
import { element } from '../dom.ts';
import type { Known } from './known.ts';
import { amount, sum } from './words.ts';

export function deviceDetails({ planId, update, restarts, health }: DeviceView, { now }: Known): HTMLElement[] {
  if (!health)
    return [element('p', { class: 'note' }, 'It has not said how it is since the dashboard began to listen.')];
  const { failures, outbox, power, source, refused } = health;
  const pairs: readonly (readonly [string, string])[] = [
    ['Plan', planId ?? '–'],
    ...(update?.last ? ([['Last pushed', pushed(update.last, now)]] as const) : []),
    ['Up', `${span(health.uptimeS)}${restarts > 0 ? `, seen to start again ${times(restarts)}` : ''}`],
    ...(health.moves === undefined ? [] : ([['Routes', `moved ${times(health.moves)}`]] as const)),
    ['Memory', bytes(health.residentBytes)],
    ['Power', power ? `${power.watts} W, ${power.source}, ${power.meter}` : 'no meter answers'],
    [
      'Network',
      `${amount(health.resends)} sent again, ${amount(health.lateTwins)} late twins, ${amount(health.reconnects)} reconnections`,
    ],
    ['Refused messages', sum(refused) > 0 ? counted(refused) : 'none'],
    ['Source', counted(source) || 'nothing was passed over'],
    ...(outbox
      ? ([
          [
            'Outbox',
            `${amount(outbox.waiting)} waiting; gave way: ${amount(outbox.droppedForRoom)} for room, ${amount(outbox.droppedByAge)} by age, ${amount(outbox.droppedOfOtherPlans)} of other plans`,
          ],
        ] as const)
      : []),
  ];
  return [
    element('dl', {}, ...pairs.flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)])),
    element('h3', {}, 'Last failures'),
    failures.length === 0
      ? element('p', { class: 'note' }, 'None.')
      : element(
          'ul',
          { class: 'failures' },
          ...failures.map(({ code, count, at }) =>
            element(
              'li',
              {},
              element('code', {}, code),
              ` ${times(count)}, last `,
              element('time', { datetime: at, title: at }, ago(now - Date.parse(at))),
            ),
          ),
        ),
  ];
}

type Pushed = NonNullable<NonNullable<DeviceView['update']>['last']>;

const pushed = ({ planId, outcome, code, at }: Pushed, now: number): string =>
  `${planId}: ${outcome}${code ? `, ${code}` : ''}, ${ago(now - Date.parse(at))}`;

const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, n]) => n > 0)
    .map(([kind, n]) => `${amount(n)} ${kind}`)
    .join(', ');

const times = (n: number): string => (n === 1 ? 'once' : `${amount(n)} times`);

function span(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}
