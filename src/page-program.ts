/** The program of a report's page, as the build left it: dist/ lies beside src/, and holds itself. */
import { readFile } from 'node:fs/promises';

/** JavaScript, to stand in the page as it is. */
export const pageProgram = (): Promise<string> => readFile(new URL('../dist/page.js', import.meta.url), 'utf8');
