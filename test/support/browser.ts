/** Debian's Chromium without a screen. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Says so where there is none. @param what is not tried then */
export function hasBrowser(what: string): boolean {
  const isThere = existsSync(executablePath);
  if (!isThere) console.warn(`SKIPPED: ${what} not tried in a browser, since there is no ${executablePath}.`);
  return isThere;
}

export function launchBrowser(): Promise<Browser> {
  const quiet = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
  ];
  return chromium.launch({ executablePath, args: [...quiet, '--disable-component-update', '--disable-sync'] });
}
