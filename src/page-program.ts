/** Programs of pages, as the build left them: dist/ lies beside src/, and holds itself. */
import { readFile } from 'node:fs/promises';

/** Of a report, or of the dashboard. */
type PageName = 'page' | 'fleet-page';

/** JavaScript, to stand in the page as it is. */
export const pageProgram = (name: PageName = 'page'): Promise<string> =>
  readFile(new URL(`../dist/${name}.js`, import.meta.url), 'utf8');
