/** The two pages: the fleet, and what is shown to who has not shown the token. Each asks nobody but this server for anything. */
import { createHash } from 'node:crypto';
import { type Html, html, trusted } from '../../html.ts';
import { pageStyle } from '../../page-style.ts';
import { fleetStyle } from './style.ts';

export interface Page {
  readonly text: string;
  /** Its Content-Security-Policy: should a name slip through as markup, the browser still runs nothing of it. */
  readonly policy: string;
}

const style = pageStyle + fleetStyle;

/** @param program JavaScript (src/page/fleet) */
export function fleetPage(fleet: string, program: string): Page {
  return pageOf(
    `Fleet ${fleet}`,
    html`<main class="fleet">
      <noscript><p class="notice leak">This page needs scripts, and they are off. Programs get the same from /fleet.json.</p></noscript>
      <div id="fleet" data-fleet="${fleet}"></div>
      <footer><form method="post" action="/logout"><button class="plain" type="submit">Sign out</button></form></footer>
    </main>`,
    program,
  );
}

/** @param problem what was wrong with the last try */
export function loginPage(fleet: string, problem?: string): Page {
  return pageOf(
    `Sign in: fleet ${fleet}`,
    html`<main class="login">
      <h1>Fleet ${fleet}</h1>
      <form method="post" action="/login" class="panel">
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus aria-describedby="token-said"${problem === undefined ? undefined : html` aria-invalid="true"`}>
        <p class="note" id="token-said">${problem === undefined ? 'The first line of the file that http.tokenFile names.' : html`<span class="leak" role="alert">${problem}</span>`}</p>
        <button class="plain" type="submit">Sign in</button>
      </form>
    </main>`,
  );
}

function pageOf(title: string, body: Html, program?: string): Page {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(style)}</style>
</head>
<body>${body}${program === undefined ? undefined : html`<script>${trusted(program)}</script>`}</body>
</html>
`;
  const script = program === undefined ? '' : ` script-src ${sourceOf(program)}; connect-src 'self';`;
  const policy = `default-src 'none';${script} style-src ${sourceOf(style)}; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
  return { text: page.markup, policy };
}

const sourceOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
