/** The program of a report's page, as the build left it: dist/ lies beside src/, and holds itself. */
import { readFile } from 'node:fs/promises';

const name = 'page.js';

/** JavaScript, to stand in the page as it is. */
export const pageProgram = (): Promise<string> => readFile(new URL(`../dist/${name}`, import.meta.url), 'utf8');
