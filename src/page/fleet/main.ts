/** The page of a fleet at work: is told what changes, and shows how old that is. */
import type { FleetUpdate, Status } from '../../fleet/index.ts';
import { element, fill, say } from '../dom.ts';
import { consumers } from './consumers.ts';
import { devices } from './devices.ts';
import { Known } from './known.ts';
import { notices, QUIET_MS } from './notices.ts';
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
  let isOut = false;

  /** For those who do not see it. */
  function tell(names: readonly string[], became: Status): void {
    const few = names.slice(0, 3).join(', ');
    fill(told, `${few}${names.length > 3 ? ` and ${names.length - 3} more` : ''}: ${became}`);
  }

  function show(): void {
    for (const part of parts) part.show(known);
    for (const { name, number } of counts) {
      const all = [...known.devices.values()];
      say(number, String(all.filter((device) => known.statusOf(device) === name).length));
    }
    notice.show(known, isOut);
    const isOld = isOut || known.quietMs > QUIET_MS || known.told?.brokerLostAt !== null;
    place.classList.toggle('old', isOld);
  }

  const source = new EventSource('/events');
  source.addEventListener('message', ({ data }) => {
    isOut = false;
    known.apply(JSON.parse(data as string) as FleetUpdate);
    show();
  });
  source.addEventListener('error', () => {
    // It tries again by itself, unless it was answered that it may not.
    isOut = source.readyState === EventSource.CLOSED;
    show();
  });
  // Ages grow though nothing comes.
  setInterval(show, 1000);
}

const place = document.getElementById('fleet');
if (place) start(place);
