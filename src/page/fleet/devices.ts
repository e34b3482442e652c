/** The devices, one under the other in the order of their names, so that nothing jumps; found by name, plan or trouble. */
import type { Status } from '../../fleet/index.ts';
import { element, fill, say } from '../dom.ts';
import { columns, type DeviceRow, deviceRow } from './device-row.ts';
import type { Known } from './known.ts';

export interface Devices {
  readonly section: HTMLElement;
  show(known: Known): void;
}

/** @param changed told of those whose state became another one */
export function devices(changed: (names: readonly string[], status: Status) => void): Devices {
  const rows = new Map<string, DeviceRow>();
  const body = element('tbody', { role: 'rowgroup' });
  const search = element('input', { type: 'search', id: 'search', autocomplete: 'off', spellcheck: 'false' });
  const trouble = element('input', { type: 'checkbox', id: 'trouble' });
  const nothing = element('p', { class: 'note' });
  const table = element(
    'table',
    { class: 'fleet-table', role: 'table', 'aria-labelledby': 'devices-title' },
    element(
      'thead',
      { role: 'rowgroup' },
      element(
        'tr',
        { role: 'row' },
        ...['Device', ...columns].map((h) => element('th', { scope: 'col', role: 'columnheader' }, h)),
      ),
    ),
    body,
  );
  const scroll = element('div', { class: 'scroll' }, table);
  let last: Known | undefined;
  const sieve = () => {
    const words = search.value.trim().toLowerCase();
    let seen = 0;
    for (const [name, row] of rows) {
      const { planId = null, health = null } = last?.devices.get(name) ?? {};
      const isFound = `${name} ${planId ?? ''} ${row.status}`.toLowerCase().includes(words);
      const isTroubled = row.status !== 'online' || (health?.inferences.failed ?? 0) > 0;
      const isShown = isFound && (!trouble.checked || isTroubled);
      row.hide(!isShown);
      if (isShown) seen++;
    }
    scroll.hidden = seen === 0;
    say(nothing, seen > 0 ? '' : rows.size === 0 ? 'Nobody has said anything yet.' : 'No device is so.');
  };
  search.addEventListener('input', sieve);
  trouble.addEventListener('change', sieve);

  function show(known: Known): void {
    last = known;
    const names = [...known.devices.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    const isSame = names.length === rows.size && names.every((name) => rows.has(name));
    const became = new Map<Status, string[]>();
    if (!isSame) {
      for (const name of [...rows.keys()]) if (!known.devices.has(name)) rows.delete(name);
      for (const name of names) if (!rows.has(name)) rows.set(name, deviceRow(name));
    }
    for (const name of names) {
      const row = rows.get(name)!;
      const before = row.status;
      row.show(known.devices.get(name)!, known);
      if (before !== 'unknown' && before !== row.status)
        became.set(row.status, [...(became.get(row.status) ?? []), name]);
    }
    if (!isSame) {
      const focused = document.activeElement;
      fill(body, ...names.flatMap((name) => rows.get(name)!.rows));
      if (focused instanceof HTMLElement && body.contains(focused)) focused.focus();
    }
    sieve();
    for (const [status, those] of became) changed(those, status);
  }

  return {
    show,
    section: element(
      'section',
      { 'aria-labelledby': 'devices-title' },
      element('h2', { id: 'devices-title' }, 'Devices'),
      element(
        'div',
        { class: 'sieve' },
        element('label', { for: 'search' }, 'Find'),
        search,
        element('label', { class: 'check', for: 'trouble' }, trouble, 'only those in trouble'),
      ),
      nothing,
      scroll,
    ),
  };
}
