/** Transposed convolution: the input gradient of a convolution, so its own input gradient is that convolution. */
import { attrInt, attrInts, attrString } from '../../model/graph.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import { padsOrCrops, type Window } from '../window.ts';
import { crop, kernelGradient } from './kernel-gradient.ts';

/** Padding as the ONNX specification of ConvTranspose settles it, `output_shape` and `auto_pad` included. */
function geometry(c: RuleContext): Omit<Window, 'after'> & { readonly group: number } {
  const kernel = c.shape(c.x[1]!).slice(2);
  const ones = kernel.map(() => 1);
  const strides = attrInts(c.node, 'strides') ?? ones;
  const dilations = attrInts(c.node, 'dilations') ?? ones;
  const autoPad = attrString(c.node, 'auto_pad', 'NOTSET');
  const group = attrInt(c.node, 'group', 1);
  const pads = attrInts(c.node, 'pads') ?? kernel.map(() => 0);
  if (!attrInts(c.node, 'output_shape') && !autoPad.startsWith('SAME')) {
    return { kernel, strides, dilations, group, before: pads.slice(0, kernel.length) };
  }
  const extra = attrInts(c.node, 'output_padding') ?? kernel.map(() => 0);
  const made = c.shape(c.y[0]!).slice(2);
  const total = c
    .shape(c.x[0]!)
    .slice(2)
    .map((n, i) => strides[i]! * (n - 1) + extra[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - made[i]!);
  const before = total.map((t) => (autoPad === 'SAME_UPPER' ? Math.floor(t / 2) : t - Math.floor(t / 2)));
  return { kernel, strides, dilations, group, before };
}

function inputGradient(c: RuleContext): string {
  const { g, x, dy } = c;
  const { kernel, strides, dilations, group, before } = geometry(c);
  const made = c.shape(c.y[0]!);
  const lead = padsOrCrops(before);
  // What follows the last window, output padding, has no part in the input.
  const tail = padsOrCrops(
    c
      .shape(x[0]!)
      .slice(2)
      .map((n, i) => strides[i]! * (n - 1) + dilations[i]! * (kernel[i]! - 1) + 1 - made[i + 2]! - before[i]!),
  );
  return g.graph.op('Conv', [crop(g, { term: dy, shape: made }, lead.crops, tail.crops), x[1]!], {
    kernel_shape: kernel,
    pads: [...lead.pads, ...tail.pads],
    strides,
    dilations,
    group,
  });
}

export const convTransposeRules: readonly Rule[] = [
  rule('ConvTranspose', (c) => {
    const { g, x, y, dy } = c;
    const sized = (term: string, like: string) => ({ term, shape: c.shape(like) });
    return [
      () => inputGradient(c),
      () => kernelGradient(g, sized(dy, y[0]!), sized(x[0]!, x[0]!), geometry(c)),
      () =>
        g.sum(
          dy,
          c.shape(y[0]!).flatMap((_, i) => (i === 1 ? [] : [i])),
        ),
    ];
  }),
];
