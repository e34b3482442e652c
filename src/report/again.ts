/** The part of the page that plans again: a place for it, what it reads, and the program. The program is given: it decides, the report does not. */
import { createHash } from 'node:crypto';
import { type Html, html, trusted } from '../html.ts';
import type { ReportData } from './types.ts';

export function planAgain({ again }: ReportData): Html | undefined {
  if (!again) return undefined;
  return html`<section class="planning"><h2>Plan it again</h2>
    <p>Other numbers, planned here by the same code that made this plan. Nothing is attacked for it: what was found is all that counts.</p>
    <noscript><p class="note">This part needs scripts, and they are off: everything else on the page is as it was planned.</p></noscript>
    <div id="again"></div></section>`;
}

/** Last in the body. */
export function programOf({ again }: ReportData): Html | undefined {
  if (!again) return undefined;
  const { program, search, pictures } = again;
  // Names come from strangers: none of them may end the block.
  const data = JSON.stringify({ search, pictures }).replaceAll('<', '\\u003c');
  return html`<script type="application/json" id="again-data">${trusted(data)}</script>
<script>${trusted(program)}</script>`;
}

/** What the page's policy lets run: this very program and nothing else. */
export const programSource = (program: string): string =>
  `'sha256-${createHash('sha256').update(program).digest('base64')}'`;
