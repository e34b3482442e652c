import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CutlineError, errorCatalogue } from '../src/errors.ts';

const root = resolve(import.meta.dirname, '../src');
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((f) => f.endsWith('.ts') && !f.includes('wire/'))
  .map((f) => readFileSync(join(root, f), 'utf8'));

/** Names of functions, methods and classes: of two words at least, so that none is a word of English. */
const internal = new Set(
  sources.flatMap((text) =>
    [...text.matchAll(/\b(?:function|const|class)\s+(\w+)/g)]
      .map((m) => m[1]!)
      .filter((name) => /^[A-Za-z]+[a-z][A-Z]/.test(name)),
  ),
);

describe('the catalogue of errors', () => {
  it.each(Object.entries(errorCatalogue))('%s advises nobody to call a function', (_, { text }) => {
    const words = text.replaceAll(/\{\w+\}/g, '').match(/\w+/g) ?? [];
    expect(words.filter((w) => internal.has(w))).toEqual([]);
  });

  it('fills placeholders by their names', () => {
    expect(new CutlineError('FILE_NOT_FOUND', { path: 'a.onnx' }).message).toBe(
      'a.onnx: no such file or folder. Check the path.',
    );
  });
});
