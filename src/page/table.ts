/** The cuts, one under the other, with what each takes and shows; what is pointed at, or has the focus, is told of. */
import type { Candidate } from '../plan/index.ts';
import { bytes, cutName, milliseconds, similarity } from '../report/index.ts';
import { bar } from './bars.ts';
import { element, fill } from './dom.ts';
import { verdictOn } from './rows.ts';

export interface Shown {
  readonly rows: readonly Candidate[];
  readonly chosen: Candidate | undefined;
  readonly byCost: Candidate | null;
  readonly longest: number;
}

export interface CutTable {
  readonly table: HTMLTableElement;
  show(shown: Shown): void;
  /** Marks the row that is told of. */
  mark(cut: string): void;
}

const tags = {
  chosen: 'tag safe',
  allowed: 'tag',
  'not attacked': 'tag',
  screened: 'tag',
  refused: 'tag leak',
} as const;

export function cutTable(pointedAt: (candidate: Candidate) => void): CutTable {
  const body = element('tbody');
  const heads = ['Cut', 'Latency, stacked', 'ms', 'mJ', 'Sent', 'SSIM up to', 'Verdict'];
  const numeric = new Set(heads.slice(2, 6));
  const table = element(
    'table',
    { class: 'cuts', 'aria-labelledby': 'cuts-said' },
    element(
      'thead',
      {},
      element('tr', {}, ...heads.map((h) => element('th', { scope: 'col', class: numeric.has(h) && 'number' }, h))),
    ),
    body,
  );
  let buttons: HTMLButtonElement[] = [];
  let focusable = '';
  table.addEventListener('keydown', (event) => {
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    buttons[Math.min(buttons.length - 1, Math.max(0, to))]?.focus();
  });
  const mark = (cut: string) => {
    focusable = cut;
    for (const button of buttons) {
      const isIt = button.dataset.cut === cut;
      button.tabIndex = isIt ? 0 : -1;
      button.setAttribute('aria-pressed', String(isIt));
      button.closest('tr')!.classList.toggle('told', isIt);
    }
  };
  const rowOf = (c: Candidate, { chosen, byCost, longest }: Shown): HTMLElement => {
    const verdict = verdictOn(c, chosen);
    const button = element('button', { type: 'button', class: 'cut', 'data-cut': c.cut }, cutName(c.cut));
    const isByCost = byCost !== null && byCost.cut === c.cut;
    const row = element(
      'tr',
      { class: verdict === 'chosen' && 'chosen' },
      element('th', { scope: 'row', class: 'name' }, button, element('span', { class: 'sub' }, how(c))),
      element('td', { class: 'stack' }, bar(c, longest)),
      number(milliseconds(c.latencyMs.total)),
      number(c.energyMj === null ? '–' : milliseconds(c.energyMj)),
      number(c.cut === 'output' ? '–' : bytes(c.wireBytes)),
      number(c.cut === 'output' ? 'nothing' : c.leakage ? similarity(c.leakage.ssim.high) : '–'),
      element(
        'td',
        { class: 'verdict' },
        element('span', { class: tags[verdict] }, verdict),
        isByCost ? element('span', { class: 'tag' }, 'by cost alone') : undefined,
      ),
    );
    row.addEventListener('pointerenter', () => pointedAt(c));
    button.addEventListener('focus', () => pointedAt(c));
    button.addEventListener('click', () => pointedAt(c));
    return row;
  };
  return {
    table,
    mark,
    show(shown) {
      const had = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.cut : undefined;
      fill(body, ...shown.rows.map((c) => rowOf(c, shown)));
      buttons = [...body.querySelectorAll('button')];
      mark(focusable);
      if (had !== undefined) buttons.find((b) => b.dataset.cut === had)?.focus();
    },
  };
}

const number = (text: string): HTMLElement => element('td', { class: 'number' }, text);

function how({ cut, defense, codec }: Candidate): string {
  if (cut === 'output') return 'nothing is sent';
  return defense === 'none' ? codec : `${defense}, ${codec}`;
}
