/** What is wrong with the picture as a whole: nobody is heard, something was left out or not believed. */
import { ago } from '../../fleet/index.ts';
import { element, fill } from '../dom.ts';
import type { Known } from './known.ts';
import { amount, sum } from './words.ts';

/** A page that is told nothing for so long is not told any more; the dashboard says something every few seconds. */
export const QUIET_MS = 12_000;

/** Whether the page is told what changes: not while it tries to reach the dashboard, and not after it was sent away. */
export type Line = 'open' | 'lost' | 'closed';

export function notices() {
  const box = element('div', { class: 'notices', role: 'status' });
  let said = '';
  return {
    box,
    show(known: Known, line: Line): void {
      const texts = [...textsOf(known, line)];
      const key = JSON.stringify(texts);
      if (key === said) return;
      said = key;
      fill(
        box,
        ...texts.map(([kind, text, link]) =>
          element('p', { class: `notice ${kind}` }, text, link ? element('a', { href: '/' }, link) : undefined),
        ),
      );
    },
  };
}

type Text = readonly [kind: 'leak' | 'mild', text: string, link?: string];

function* textsOf({ told, now }: Known, line: Line): Generator<Text> {
  if (line === 'closed')
    yield [
      'leak',
      'This page is told nothing any more: the session is over, or too many pages are open. ',
      'Sign in again',
    ];
  else if (line === 'lost') yield ['leak', 'No connection to the dashboard. What is below is old.'];
  if (!told) return;
  const { brokerLostAt, leftOut, refused } = told;
  if (brokerLostAt !== null)
    yield [
      'leak',
      `The dashboard has no connection to the broker (lost ${ago(now - brokerLostAt)}). What is below is old.`,
    ];
  if (leftOut.devices > 0) {
    const many = `${leftOut.isMore ? 'more than ' : ''}${amount(leftOut.devices)}`;
    yield [
      'mild',
      `Left out: ${many} other ${leftOut.devices === 1 ? 'name' : 'names'} that said something as a device (maxDevices, devices in the configuration).`,
    ];
  }
  if (leftOut.consumers > 0)
    yield ['mild', `Left out: ${amount(leftOut.consumers)} other consumers (maxConsumers in the configuration).`];
  if (sum(refused) > 0) {
    const kinds = Object.entries(refused).filter(([, n]) => n > 0);
    yield [
      'mild',
      `Not believed: ${kinds.map(([kind, n]) => `${amount(n)} ${kind}`).join(', ')} of the messages in this fleet.`,
    ];
  }
}
