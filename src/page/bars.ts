/** What a candidate takes as a bar of its terms, one after the other. */
import type { Candidate } from '../plan/index.ts';
import { milliseconds } from '../report/index.ts';
import { element } from './dom.ts';
import { termMs, terms } from './rows.ts';

/** In words, for those who do not see the bar. */
export function termsText(candidate: Candidate): string {
  const parts = terms.flatMap((term) => {
    const ms = termMs(candidate, term);
    return ms > 0 ? [`${term} ${milliseconds(ms)} ms`] : [];
  });
  return parts.length > 0 ? parts.join(', ') : 'no time at all';
}

/** @param longest ms that fill the width; what takes longer is cut off, and looks it */
export function bar(candidate: Candidate, longest: number): HTMLElement {
  const { total } = candidate.latencyMs;
  const shown = Math.min(total, longest);
  const made = element('div', {
    class: `parts${total > longest ? ' cut' : ''}`,
    role: 'img',
    'aria-label': termsText(candidate),
  });
  made.style.width = `${((100 * shown) / longest).toFixed(2)}%`;
  let left = shown;
  for (const term of terms) {
    const ms = Math.min(left, termMs(candidate, term));
    if (ms <= 0) continue;
    left -= ms;
    const part = element('span', { class: term });
    part.style.width = `${((100 * ms) / shown).toFixed(2)}%`;
    made.append(part);
  }
  return made;
}

export function legend(withWaiting: boolean): HTMLElement {
  const said = { head: 'head', encode: 'encode', network: 'network', tail: 'tail', waiting: 'waiting' };
  const shown = terms.filter((term) => withWaiting || term !== 'waiting');
  return element(
    'ul',
    { class: 'legend' },
    ...shown.map((term) => element('li', { class: term }, element('span', { class: 'swatch' }), said[term])),
  );
}
