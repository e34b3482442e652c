import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

describe('generated documentation', () => {
  it('says what the code says', async () => {
    const { documents } = (await import(resolve(root, 'scripts/docs.mjs'))) as { documents(): Record<string, string> };
    for (const [name, text] of Object.entries(documents())) {
      expect(readFileSync(resolve(root, 'docs', name), 'utf8'), `${name}: run node scripts/docs.mjs`).toBe(text);
    }
  });
});
