// Writes docs/errors.md and docs/operators.md from the code: node scripts/docs.mjs (after npm run build).
import { writeFileSync } from 'node:fs';
import { errorCatalogue, rules } from '../dist/index.js';

/** @returns {Record<string, string>} file name → text */
export function documents() {
  const errors = Object.entries(errorCatalogue)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([code, { exit, text }]) => `| \`${code}\` | ${exit} | ${text.replaceAll('|', '\\|')} |`);
  const operators = [...rules.keys()].sort().map((op) => `- ${op}`);
  return {
    'errors.md': [
      '# Errors',
      '',
      'Every error that Cutline reports has a code, one sentence or two, and an exit code: 1 failed, 2 usage or bad input,',
      '3 no feasible plan. Words in braces are filled in. Written from `src/errors.ts` by `scripts/docs.mjs`.',
      '',
      '| code | exit | text |',
      '|---|---|---|',
      ...errors,
      '',
    ].join('\n'),
    'operators.md': [
      '# Operators that can be differentiated',
      '',
      'A model is attacked by differentiating its head. These ONNX operators have a gradient rule (`src/autodiff/rules`); a head',
      'with another operator on the way from picture to cut is refused with `NO_GRADIENT_RULE`, naming the node. Written from the',
      'rules by `scripts/docs.mjs`.',
      '',
      ...operators,
      '',
    ].join('\n'),
  };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const [name, text] of Object.entries(documents()))
    writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
}
