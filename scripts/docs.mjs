// Writes docs/errors.md and docs/operators.md from the code: node scripts/docs.mjs (after npm run build).
import { writeFileSync } from 'node:fs';
import { errorCatalogue, rewritten, rules } from '../dist/index.js';

/** @returns {Record<string, string>} file name → text */
export function documents() {
  const errors = Object.entries(errorCatalogue)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([code, { exit, text }]) => `| \`${code}\` | ${exit} | ${text.replaceAll('|', '\\|')} |`);
  const listed = (names) =>
    [...names]
      .sort()
      .map((op) => `- ${op}`)
      .join('\n');
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
      'with another operator on the way from picture to cut is refused with `NO_GRADIENT_RULE`, naming the node; attacks that',
      'need no gradients of the model (inverse-network, shadow) go on. Written from the rules by `scripts/docs.mjs`.',
      '',
      listed(rules.keys()),
      '',
      'These are written as plain operators first, recurrent ones step by step:',
      '',
      listed(rewritten),
      '',
      'Quantisation (QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear) is passed straight through: the gradient ignores',
      'rounding, and is zero where a value saturates. Models that compute on integers (QLinearConv, ConvInteger, MatMulInteger)',
      'are refused; export them in the QDQ format. Rounding that is no quantisation (Round, Floor, ArgMax …) has gradient zero',
      'and is refused, as is a head that only compares. An If whose condition the shapes decide gives way to its branch.',
      '',
      'Layers in float16, bfloat16 or float64 keep their type in the forward pass; their gradients are computed in float32, and',
      'cotangents and gradients are float32 whatever type their tensors have.',
      '',
    ].join('\n'),
  };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const [name, text] of Object.entries(documents()))
    writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
}
