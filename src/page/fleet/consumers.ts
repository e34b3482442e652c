/** The consumers and how loaded they are. */
import { ago, type ConsumerView, isConsumerSilent } from '../../fleet/index.ts';
import { element, fill } from '../dom.ts';
import type { Known } from './known.ts';
import { amount, short, sum } from './words.ts';

const columns = ['Consumer', 'Plans', 'Answers a second', 'Queue', 'Processors', 'Refused', 'Last heard'];

export function consumers() {
  const body = element('tbody', { role: 'rowgroup' });
  const nobody = element('p', { class: 'note' }, 'No consumer has said anything yet: devices that send will wait.');
  const head = element(
    'tr',
    { role: 'row' },
    ...columns.map((h) => element('th', { scope: 'col', role: 'columnheader' }, h)),
  );
  const table = element(
    'table',
    { class: 'fleet-table', role: 'table', 'aria-labelledby': 'consumers-title' },
    element('thead', { role: 'rowgroup' }, head),
    body,
  );
  const scroll = element('div', { class: 'scroll' }, table);
  return {
    section: element(
      'section',
      { 'aria-labelledby': 'consumers-title' },
      element('h2', { id: 'consumers-title' }, 'Consumers'),
      nobody,
      scroll,
    ),
    show({ consumers: all, now }: Known): void {
      const those = [...all.values()].sort((a, b) => a.name.localeCompare(b.name));
      nobody.hidden = those.length > 0;
      scroll.hidden = those.length === 0;
      // Nothing in it has the focus, and there are few.
      fill(body, ...those.map((c) => row(c, now)));
    },
  };
}

function row(consumer: ConsumerView, now: number): HTMLElement {
  const { name, heardAt, health } = consumer;
  const { queue, planIds, answeredPerS, cpus, failures, refused } = health;
  const state = health.leaving ? 'left' : isConsumerSilent(consumer, now) ? 'silent' : '';
  const full = element('meter', {
    min: 0,
    max: queue.most,
    value: queue.activations,
    'aria-label': 'How full the queue is',
  });
  const others = planIds.length > 2 ? ` and ${planIds.length - 2} more` : '';
  return element(
    'tr',
    { role: 'row', class: state !== '' && 'stale' },
    element('th', { scope: 'row', role: 'rowheader', class: 'name' }, name),
    cell(1, planIds.slice(0, 2).map(short).join(', ') + others),
    cell(2, String(answeredPerS), `${amount(health.answered)} in all`),
    element(
      'td',
      { role: 'cell', 'data-label': columns[3] },
      full,
      element('span', { class: 'sub' }, `${amount(queue.activations)} of ${amount(queue.most)}`),
    ),
    cell(4, String(cpus)),
    cell(5, amount(sum(failures) + sum(refused)), Object.keys(failures).slice(0, 3).join(', ')),
    cell(6, ago(now - heardAt), state),
  );
}

const cell = (column: number, value: string, more = ''): HTMLElement =>
  element(
    'td',
    { role: 'cell', 'data-label': columns[column] },
    element('span', { class: 'value' }, value),
    more ? element('span', { class: 'sub' }, more) : undefined,
  );
