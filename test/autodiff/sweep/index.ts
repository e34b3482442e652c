/** Variants of every operator with a rule. */
import { activation } from './tables/activation.ts';
import { convolution } from './tables/convolution.ts';
import { elementwise } from './tables/elementwise.ts';
import { gathering } from './tables/gathering.ts';
import { layout } from './tables/layout.ts';
import { linear } from './tables/linear.ts';
import { normalization } from './tables/normalization.ts';
import { parts } from './tables/parts.ts';
import { pooling } from './tables/pooling.ts';
import { quantization } from './tables/quantization.ts';
import { recurrence } from './tables/recurrence.ts';
import { reduction } from './tables/reduction.ts';
import { resizing } from './tables/resizing.ts';
import type { Sweep } from './variant.ts';

export const sweep: Sweep = {
  ...activation,
  ...convolution,
  ...elementwise,
  ...gathering,
  ...layout,
  ...linear,
  ...normalization,
  ...parts,
  ...pooling,
  ...quantization,
  ...recurrence,
  ...reduction,
  ...resizing,
};
