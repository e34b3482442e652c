import { activations } from './activation.ts';
import type { Operators } from './call.ts';
import { control } from './control.ts';
import { convolutions } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { gathers } from './gather.ts';
import { products } from './matmul.ts';
import { normalizations } from './normalization.ts';
import { padding } from './pad.ts';
import { pooling } from './pooling.ts';
import { quantization } from './quantize.ts';
import { rearrangements } from './rearrange.ts';
import { recurrences } from './recurrent.ts';
import { reductions } from './reduce.ts';
import { resizing } from './resize.ts';
import { shapes } from './shape.ts';
import { slices } from './slice.ts';

/** Every operator of the standard domain that the reference covers. */
export const operators: Operators = {
  ...activations,
  ...control,
  ...convolutions,
  ...elementwise,
  ...gathers,
  ...normalizations,
  ...padding,
  ...pooling,
  ...products,
  ...quantization,
  ...rearrangements,
  ...recurrences,
  ...reductions,
  ...resizing,
  ...shapes,
  ...slices,
};
