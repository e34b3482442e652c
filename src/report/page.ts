/** The report as one file that opens from disk and asks nobody for anything. */

import { html, trusted } from '../html.ts';
import { pageStyle } from '../page-style.ts';
import { planAgain, programOf, programSource } from './again.ts';
import { againStyle } from './again-style.ts';
import { attacks, exposure } from './attack-sections.ts';
import { candidates, evidence, leakageAgainstLatency, theRun, whatAnAttackerSees, why } from './sections.ts';
import type { ReportData } from './types.ts';
import { verdict } from './verdict.ts';
import { toSplitOrNot } from './ways.ts';

/** Nothing from anywhere, and no script but the page's own: should a name slip through unescaped, the browser still runs none of it. */
function policyFor({ again }: ReportData): string {
  const script = again ? ` script-src ${programSource(again.program)};` : '';
  return `default-src 'none';${script} style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
}

/** A self-contained HTML document. */
export function htmlReport(data: ReportData): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policyFor(data))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${data.title}: ${data.model.name}</title>
<style>${trusted(data.again ? pageStyle + againStyle : pageStyle)}</style>
</head>
<body><main>
${verdict(data)}
${why(data)}
${toSplitOrNot(data)}
${planAgain(data)}
${leakageAgainstLatency(data)}
${whatAnAttackerSees(data)}
${theRun(data)}
${candidates(data)}
${attacks(data)}
${exposure(data)}
${evidence(data)}
</main>${programOf(data)}</body>
</html>
`;
  return page.markup;
}
