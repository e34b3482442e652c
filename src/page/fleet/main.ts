/** The page of a fleet at work: is told what changes, and shows how old that is. */
import type { FleetUpdate, Status } from '../../fleet/index.ts';
import { element, fill, say } from '../dom.ts';
import { consumers } from './consumers.ts';
import { devices } from './devices.ts';
import { Known } from './known.ts';
import { type Line, notices, QUIET_MS } from './notices.ts';
import { plans } from './plans.ts';

const order: readonly Status[] = ['online', 'silent', 'offline', 'unknown'];

function start(place: HTMLElement): void {
  const known = new Known();
  const status = element('ul', { class: 'counts', 'aria-label': 'Devices by state' });
  const counts = order.map((name) => {
    const number = element('strong');
    return { name, number, item: element('li', { class: name }, number, ` ${name}`) };
  });
  const told = element('p', { class: 'hidden', role: 'status', 'aria-live': 'polite' });
  const notice = notices();
  const parts = [devices(tell), plans(), consumers()] as const;
  fill(status, ...counts.map(({ item }) => item));
  fill(
    place,
    element('header', {}, element('h1', {}, `Fleet ${place.dataset.fleet ?? ''}`), status),
    notice.box,
    told,
    ...parts.map(({ section }) => section),
  );
  let line: Line = 'open';

  /** For those who do not see it. */
  function tell(names: readonly string[], became: Status): void {
    const few = names.slice(0, 3).join(', ');
    fill(told, `${few}${names.length > 3 ? ` and ${names.length - 3} more` : ''}: ${became}`);
  }

  function show(): void {
    for (const part of parts) part.show(known);
    const all = [...known.devices.values()];
    for (const { name, number, item } of counts) {
      const count = all.filter((device) => known.statusOf(device) === name).length;
      say(number, String(count));
      // Nobody in trouble is no trouble.
      item.classList.toggle('none', count === 0);
    }
    const now = line === 'open' && known.told && known.quietMs > QUIET_MS ? 'lost' : line;
    notice.show(known, now);
    place.classList.toggle('old', now !== 'open' || known.told?.brokerLostAt !== null);
  }

  const source = new EventSource('/events');
  source.addEventListener('message', ({ data }) => {
    line = 'open';
    known.apply(JSON.parse(data as string) as FleetUpdate);
    show();
  });
  source.addEventListener('error', () => {
    // It tries again by itself, unless it was answered that it may not.
    line = source.readyState === EventSource.CLOSED ? 'closed' : 'lost';
    show();
  });
  // Ages grow though nothing comes.
  setInterval(show, 1000);
}

const place = document.getElementById('fleet');
if (place) start(place);
