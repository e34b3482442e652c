/** One device as a row of the table, and what is unfolded under it. It is written once, and then only where something changed. */
import type { DeviceView, Status } from '../../fleet/index.ts';
import { element, fill, say } from '../dom.ts';
import { deviceDetails } from './device-details.ts';
import type { Known } from './known.ts';
import type { Said } from './words.ts';
import * as words from './words.ts';

/** Columns after the name. */
export const columns = ['Plan', 'Leakage', 'Latency', 'Waiting', 'Dropped', 'Answered', 'Machine'] as const;

export const tags: Readonly<Record<Status, string>> = {
  online: 'tag safe',
  silent: 'tag leak',
  offline: 'tag leak',
  unknown: 'tag plain',
};

export interface DeviceRow {
  readonly rows: readonly HTMLElement[];
  status: Status;
  show(device: DeviceView, known: Known): void;
  hide(isHidden: boolean): void;
}

export function deviceRow(name: string): DeviceRow {
  const moreId = `more-${name}`;
  const button = element(
    'button',
    { type: 'button', class: 'cut unfold', 'aria-expanded': 'false', 'aria-controls': moreId },
    name,
  );
  const tag = element('span');
  const age = element('span', { class: 'sub age' });
  const cells = columns.map((label) => cell(label));
  const row = element(
    'tr',
    { role: 'row' },
    element(
      'th',
      { scope: 'row', role: 'rowheader', class: 'name' },
      button,
      element('span', { class: 'state' }, tag, age),
    ),
    ...cells.map((c) => c.cell),
  );
  const inside = element('td', { role: 'cell', colspan: columns.length + 1 });
  const more = element('tr', { role: 'row', class: 'more', id: moreId, hidden: true }, inside);
  let [shown, drawn]: [DeviceView | undefined, DeviceView | undefined] = [undefined, undefined];
  let isHidden = false;
  let known: Known | undefined;
  const isOpen = () => button.getAttribute('aria-expanded') === 'true';
  const unfold = () => {
    more.hidden = isHidden || !isOpen();
    if (more.hidden || !shown || !known || drawn === shown) return;
    fill(inside, ...deviceDetails(shown, known));
    drawn = shown;
  };
  button.addEventListener('click', () => {
    button.setAttribute('aria-expanded', String(!isOpen()));
    unfold();
  });
  const made: DeviceRow = {
    rows: [row, more],
    status: 'unknown',
    show(device, nowKnown) {
      known = nowKnown;
      const status = known.statusOf(device);
      made.status = status;
      say(tag, status);
      tag.className = tags[status];
      say(age, words.heard(device, status, known.now));
      row.classList.toggle('stale', status !== 'online');
      more.classList.toggle('stale', status !== 'online');
      if (device === shown) return;
      shown = device;
      for (const [i, said] of saidOf(device, known).entries()) cells[i]!.show(said);
      unfold();
    },
    hide(hidden) {
      isHidden = hidden;
      row.hidden = hidden;
      unfold();
    },
  };
  return made;
}

function saidOf(device: DeviceView, { plans }: Known): Said[] {
  const { planId, health } = device;
  const plan = planId === null ? undefined : plans.get(planId);
  const none: Said = { value: '–' };
  const figures = health
    ? [words.latency, words.queue, words.drops, words.answers, words.machine].map((of) => of(health))
    : [none, none, none, none, none];
  return [words.planSaid(device, plan), words.leakage(planId, plan), ...figures];
}

function cell(label: (typeof columns)[number]) {
  const value = element('span', { class: 'value' });
  const sub = element('span', { class: 'sub' });
  const made = element('td', { role: 'cell', 'data-label': label }, value, sub);
  return {
    cell: made,
    show({ value: text, more = '', isBad = false }: Said) {
      say(value, text);
      say(sub, more);
      made.classList.toggle('bad', isBad);
    },
  };
}
